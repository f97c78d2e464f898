package org.glmspark.grammar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.math.BigDecimal;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerFormatTest {
  private static Automaton automaton(AnswerFormat format) {
    Graph graph = AnswerRules.of(format);
    return new Automaton(graph, ShortestCompletion.inBytes(graph));
  }

  private static boolean accepts(Automaton automaton, String text) {
    return automaton.start().next(text.getBytes(UTF_8)).accepting();
  }

  private static boolean accepts(String schema, String json) {
    return accepts(automaton(new AnswerFormat.JsonSchema(schema)), json);
  }

  @Test
  void patternsMatchWhatJavaMatches() {
    for (int seed = 0; seed < 2000; seed++) {
      var formats = new RandomFormats(seed);
      String pattern = formats.pattern(4);
      Pattern java = Pattern.compile(pattern);
      RegexNode node = RegexParser.whole(pattern);
      Graph graph = new Graph();
      TextWriter.plain(graph).write(node, graph.start(), graph.end());
      Automaton automaton = new Automaton(graph, ShortestCompletion.inBytes(graph));
      for (int i = 0; i < 50; i++) {
        String text = formats.text();
        assertThat(accepts(automaton, text))
            .as("seed %d: '%s' and '%s'", seed, pattern, text)
            .isEqualTo(java.matcher(text).matches());
      }
    }
  }

  @Test
  void schemaPatternsAreFoundSomewhereInStrings() {
    for (int seed = 0; seed < 500; seed++) {
      var formats = new RandomFormats(seed);
      String pattern = formats.pattern(3);
      Pattern java = Pattern.compile(pattern);
      Graph graph = new Graph();
      new JsonRules(graph).string(RegexParser.somewhere(pattern), graph.start(), graph.end());
      Automaton automaton = new Automaton(graph, ShortestCompletion.inBytes(graph));
      for (int i = 0; i < 50; i++) {
        String text = formats.text();
        assertThat(accepts(automaton, '"' + text.replace("\n", "\\n") + '"'))
            .as("seed %d: '%s' in '%s'", seed, pattern, text)
            .isEqualTo(java.matcher(text).find());
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "a(?=b); 1; '(?=b' is not supported",
        "a(?i)b; 1; '(?i)' is not supported",
        "(a)\\1; 3; '\\1' is not supported",
        "\\bword; 0; '\\b' is not supported",
        "\\p{L}; 0; '\\p' is not supported",
        "a*+; 2; a repetition of a repetition",
        "a{3,1}; 1; expected a repetition like {2}, {2,} or {2,5}",
        "*; 0; '*' repeats nothing",
        "(a; 0; the group has no end",
        "a); 1; ')' closes no group",
        "[a; 0; the class has no end",
        "[a[b]]; 2; '[' inside a class is not supported",
        "[z-a]; 1; 'z-a' is no range of characters",
        "a^b; 1; '^' is supported at the beginning",
        "(a$)b; 2; '$' is supported at the beginning",
        "a\\; 1; nothing follows the '\\'",
      })
  void patternsAreRefusedWithTheirPlace(String pattern, int index, String problem) {
    assertThatThrownBy(() -> new AnswerFormat.Regex(pattern))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("index %d: %s", index, problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{'type':'integer','multipleOf':3}; #: keyword 'multipleOf' is not supported",
        "{'properties':{'a/b':{'not':{}}}}; #/properties/a~1b: keyword 'not' is not supported",
        "{'$ref':'#/$defs/x'}; #/$ref: \"#/$defs/x\", expected the place of a schema",
        "{'$ref':'http://x/y'}; #/$ref: \"http://x/y\", expected the place of a schema",
        "{'type':'strin'}; #/type: \"strin\", expected [object, array, string",
        "{'items':{'format':'iri'}}; #/items/format: \"iri\", expected one of date, date-time",
        "{'pattern':'a\\\\b'}; #/pattern: pattern 'a\\b', index 1: '\\b' is not supported",
        "{'minLength':-1}; #/minLength: -1, expected 0 or more",
        "{'pattern':'a','maxLength':3}; #: 'maxLength' beside 'pattern' is not supported",
        "{'enum':[]}; #/enum: [], expected a list of values",
        "{'enum':['a'],'minLength':2}; #: keyword 'minLength' beside 'enum' is not supported",
        "{'anyOf':[{'type':'null'},{'if':1}]}; #/anyOf/1: keyword 'if' is not supported",
        "{'oneOf':[{'type':'integer'},{'type':'number'}]}; #: keyword 'oneOf' is not supported",
        "{'allOf':[{},{}]}; #: keyword 'allOf' is not supported",
        "{'required':['a'],'additionalProperties':false}; #: 'required' names a property",
        "{'properties':{'a':false},'required':['a']}; #/properties/a: false allows no value",
        "{'$ref':'#'}; #: its references go round in circles",
        "{'anyOf':[{'$ref':'#/$defs/a'}],'$defs':{'a':{'$ref':'#'}}}; #: its references go round in circles",
        "{'properties':{'a':{'$ref':'#'}},'required':['a']}; the schema allows no finite answer",
        "{'minimum':3,'maximum':2}; the schema allows no finite answer",
        "{'type':'integer','minimum':1e999999999}; #/minimum: bound 1E+999999999, expected",
        "{'minItems':1e9,'items':{'type':'null'}}; the response format takes more than",
        "{'type':'string','maxLength':1e6}; the response format takes more than",
        "3; #: 3, expected a schema: an object, true or false",
        "{'a':1,'a':2}; the schema is no JSON: Duplicate field",
        "{} {}; the schema is no JSON",
      })
  void schemasAreRefusedWithTheirPlace(String schema, String problem) {
    assertThatThrownBy(() -> new AnswerFormat.JsonSchema(schema.replace('\'', '"')))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{'type':'object','properties':{'a':{'type':'integer'},'b':{}},'required':['a']}; {'a':1}; {'b':1}",
        "{'type':'object','properties':{'a':{},'b':{}}}; {'a': 1, 'b': []}; {'b':1,'a':1}",
        "{'properties':{'a':{}},'additionalProperties':{'type':'null'}}; {'b':null}; {'b':1}",
        "{'properties':{'ab':{}},'additionalProperties':{'type':'null'}}; {'abc':null}; {'ab':1,'ab':null}",
        "{'properties':{'ab':{}},'additionalProperties':true}; {'a':1,'':2}; {'\\u0061b':1}",
        "{'properties':{'a':false},'additionalProperties':true}; {'b':1}; {'a':1}",
        "{'type':'object'}; {'x':[{},[],'\\n',-0.5e-3,true]}; []",
        "{'items':{'type':'null'},'maxItems':2}; [null,null]; [null,null,null]",
        "{'items':{'type':'null'},'minItems':2}; [null,null,null]; [null]",
        "{'prefixItems':[{'type':'null'}],'items':false}; [null]; [null,1]",
        "{'type':'string','minLength':2,'maxLength':2}; '你\\\"'; '😀'",
        "{'oneOf':[{'type':'integer'},{'type':'null'}]}; null; 'a'",
        "{'allOf':[{'type':'null'}]}; null; 1",
        "{'enum':['a',1,null],'type':['string','null']}; null; 1",
        "{'const':{'a':[1.50,'é']}}; {'a':[1.50,'é']}; {'a':[1.5]}",
        "{'type':'string','format':'date'}; '2024-02-29'; '2023-02-29'",
        "{'type':'string','format':'time'}; '23:59:59.5Z'; '24:00:00Z'",
        "{'format':'email'}; 'ada.lovelace+1@mail.example.org'; 'ada@example'",
        "{'format':'uuid'}; '123e4567-e89b-12d3-a456-426614174000'; '123e4567e89b12d3a456426614174000'",
        "true; {'a':[1]}; {'a' :1}",
        "{'$ref':'#/$defs/a~1b','$defs':{'a/b':{'const':3}}}; 3; 4",
      })
  void schemasAllowWhatIsValidInTheirOrder(String schema, String valid, String invalid) {
    assertThat(accepts(schema.replace('\'', '"'), valid.replace('\'', '"'))).isTrue();
    assertThat(accepts(schema.replace('\'', '"'), invalid.replace('\'', '"'))).isFalse();
  }

  @Test
  void boundsOfNumbersAreExact() {
    var random = new Random(1);
    for (int i = 0; i < 300; i++) {
      BigDecimal least = BigDecimal.valueOf(random.nextInt(-3000, 3000), random.nextInt(4));
      BigDecimal most = least.add(BigDecimal.valueOf(random.nextInt(1, 3000), random.nextInt(3)));
      Automaton range =
          automaton(
              new AnswerFormat.JsonSchema(
                  "{\"type\":\"number\",\"minimum\":%s,\"exclusiveMaximum\":%s}"
                      .formatted(least, most)));
      for (int j = 0; j < 100; j++) {
        BigDecimal value =
            j < 20
                ? (j % 2 == 0 ? least : most).setScale(j / 2 + 4)
                : BigDecimal.valueOf(random.nextInt(-6000, 6000), random.nextInt(4));
        if (value.signum() == 0 && value.scale() > 0) {
          continue; // BigDecimal writes some of these with an exponent
        }
        assertThat(accepts(range, value.toPlainString()))
            .as("%s <= %s < %s", least, value, most)
            .isEqualTo(value.compareTo(least) >= 0 && value.compareTo(most) < 0);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"type\":\"json_object\"}",
        "{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"type\":\"integer\"}}}",
        "{\"type\":\"choice\",\"choices\":[\"a\",\"b \\n\"]}",
        "{\"type\":\"regex\",\"pattern\":\"a\\\\d\"}"
      })
  void formatsSurviveTheirWritingAndSerialization(String json) throws Exception {
    AnswerFormat format = AnswerFormat.parse(json);

    assertThat(format).isNotNull();
    assertThat(format.json()).isEqualTo(json);
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      out.writeObject(format);
    }
    try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThat(in.readObject()).isEqualTo(format);
    }
  }

  @Test
  void responseFormatsOfOtherKindsAreNamed() {
    assertThat(AnswerFormat.parse("\"text\"")).isNull();
    assertThat(AnswerFormat.parse("{\"type\": \"text\"}")).isNull();
    assertThat(
            AnswerFormat.parse(
                "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"strict\":true,\"schema\":{ \"type\" : \"null\" }}}"))
        .isEqualTo(new AnswerFormat.JsonSchema("{\"type\":\"null\"}"));
    assertThatThrownBy(() -> AnswerFormat.parse("{\"type\":\"xml\"}"))
        .hasMessage(
            "response format {\"type\":\"xml\"}, expected text, json_object, json_schema, choice or regex");
    assertThatThrownBy(() -> AnswerFormat.parse("{\"type\":\"choice\"}"))
        .hasMessageContaining("lacks the key 'choices'");
    assertThatThrownBy(() -> AnswerFormat.parse("{\"type\":\"regex\",\"regex\":\"a\"}"))
        .hasMessageContaining("has the key 'regex', expected no others than [pattern, type]");
    assertThatThrownBy(() -> new AnswerFormat.Choice(List.of("a", "")))
        .hasMessageContaining("choices have an empty text");
    assertThatThrownBy(() -> new AnswerFormat.Choice(List.of("\ud800")))
        .hasMessageContaining("half a character");
    assertThatThrownBy(() -> new AnswerFormat.Regex("(a{0})*"))
        .hasMessageContaining("allows nothing but the empty text");
  }

  @Test
  void whateverIsGivenIsReadOrRefused() {
    var random = new Random(1);
    int read = 0;
    for (int seed = 0; seed < 3000; seed++) {
      var formats = new RandomFormats(seed);
      boolean pattern = seed % 2 == 0;
      var text = new StringBuilder(pattern ? formats.pattern(4) : formats.schema().toString());
      for (int i = random.nextInt(4); i >= 0; i--) {
        String piece =
            List.of(
                    "(", ")", "[", "]", "{", "}", "\\", "9", "-1", "e99", "\"", ",", "?*", "^",
                    "$ref", "null", "true", "\ud83e", "#", "|")
                .get(random.nextInt(20));
        int at = random.nextInt(text.length() + 1);
        text.replace(at, Math.min(text.length(), at + random.nextInt(3)), piece);
      }
      try {
        AnswerFormat format =
            pattern
                ? new AnswerFormat.Regex(text.toString())
                : new AnswerFormat.JsonSchema(text.toString());
        assertThat(automaton(format).start().isDead()).as(format.json()).isFalse();
        assertThat(AnswerFormat.parse(format.json())).isEqualTo(format);
        read++;
      } catch (IllegalArgumentException e) {
        assertThat(e.getMessage()).as(text.toString()).isNotBlank();
      }
    }
    assertThat(read).isBetween(100, 2900);
  }

  @Test
  void longChainsOfReferencesAreRefusedOrFollowed() {
    var schema = new StringBuilder("{\"$ref\":\"#/$defs/0\",\"$defs\":{");
    for (int i = 0; i < 4000; i++) {
      schema.append("\"%d\":{\"$ref\":\"#/$defs/%d\"},".formatted(i, i + 1));
    }
    assertThat(accepts(schema + "\"4000\":{\"type\":\"null\"}}}", "null")).isTrue();
    assertThatThrownBy(() -> accepts(schema + "\"4000\":{\"$ref\":\"#/$defs/7\"}}}", "null"))
        .hasMessageContaining("its references go round in circles");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "((((a{100}){100}){100}){100}){100}",
        "((((((a*)*)*)*)*)*)*b",
        "(a?){100000}",
        "((a?){900}){900}",
        "(.*.*.*.*.*.*.*.*.*.*)*x",
        "(a|aa|aaa|aaaa|a*)*b"
      })
  void hostilePatternsAreRefusedOrHarmless(String pattern) {
    AnswerFormat format;
    try {
      format = new AnswerFormat.Regex(pattern);
    } catch (IllegalArgumentException e) {
      assertThat(e).hasMessageContaining("expected fewer");
      return;
    }
    assertThat(automaton(format).start().next("a".repeat(3000).getBytes(UTF_8)).isDead()).isFalse();
  }
}
