package org.glmspark.udfs.function;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import org.apache.spark.types.variant.Variant;
import org.apache.spark.types.variant.VariantBuilder;
import org.apache.spark.unsafe.types.VariantVal;
import org.glmspark.generation.RowError;

/// The VARIANT that functions of version 2 give: `{"response": ..., "error_message": ...}`, one of
/// them null.
final class Variants {
  private Variants() {}

  static VariantVal response(JsonNode response) {
    return variant(response, NullNode.getInstance());
  }

  static VariantVal failed(RowError error) {
    return variant(NullNode.getInstance(), JsonNodeFactory.instance.textNode(error.sentence()));
  }

  private static VariantVal variant(JsonNode response, JsonNode error) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.set("response", response);
    node.set("error_message", error);
    try {
      Variant variant = VariantBuilder.parseJson(node.toString(), false);
      return new VariantVal(variant.getValue(), variant.getMetadata());
    } catch (IOException e) {
      throw new IllegalStateException("no variant: " + node, e); // it reads from memory
    }
  }
}
