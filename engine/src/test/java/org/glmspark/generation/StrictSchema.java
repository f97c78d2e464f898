package org.glmspark.generation;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;

/// Checks answers with a reader of JSON and a validator of schemas that are not ours. The validator
/// checks formats too.
final class StrictSchema {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();
  private static final JsonSchemaFactory SCHEMAS =
      JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);
  private static final SchemaValidatorsConfig STRICT =
      SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build();

  private StrictSchema() {}

  /// Requires a text to be one JSON value, and one that the schema allows.
  static void requireValid(String json, String schema, String description)
      throws JsonProcessingException {
    JsonSchema validator = SCHEMAS.getSchema(JSON.readTree(schema), STRICT);
    assertThat(validator.validate(JSON.readTree(json))).as(description).isEmpty();
  }
}
