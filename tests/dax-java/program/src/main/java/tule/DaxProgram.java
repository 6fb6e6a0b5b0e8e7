package tule;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.Get;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.PutRequest;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;
import software.amazon.awssdk.services.dynamodb.model.TransactGetItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;
import software.amazon.awssdk.services.dynamodb.model.Update;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;
import software.amazon.dax.ClusterDaxClient;
import software.amazon.dax.Configuration;

/**
 * Uses a table through AWS's Java client for DAX, and prints for each step "ok", a tab and its name, or "not ok", the
 * name, and what was wrong. The table "Songs" has the keys pk (S) and sk (N). Arguments: the cluster's URL, access key.
 */
public class DaxProgram {
  private static final String TABLE = "Songs";

  private interface Step {
    void run() throws Exception;
  }

  private static DynamoDbClient dax;

  public static void main(String[] arguments) throws Exception {
    var credentials = AwsBasicCredentials.create(arguments[1], "test");
    var configuration =
        Configuration.builder()
            .url(arguments[0])
            .region(Region.US_EAST_1)
            .credentialsProvider(StaticCredentialsProvider.create(credentials))
            .build();
    dax = ClusterDaxClient.builder().overrideConfiguration(configuration).build();
    step("PutItem and GetItem carry all types", DaxProgram::items);
    step("UpdateItem tells what it changed", DaxProgram::update);
    step("Query and Scan go page by page", DaxProgram::pages);
    step("BatchWriteItem and BatchGetItem", DaxProgram::batches);
    step("TransactWriteItems and TransactGetItems", DaxProgram::transactions);
    step("DeleteItem, and what is not there", DaxProgram::deletion);
    step("errors are DynamoDB's", DaxProgram::errors);
    step("what is cached costs nothing", DaxProgram::capacity);
    dax.close();
    // Its event loops linger.
    System.exit(0);
  }

  private static void items() {
    var item =
        Map.ofEntries(
            Map.entry("pk", text("all")),
            Map.entry("sk", number("-1.5")),
            Map.entry("s", text("text \u2603")),
            Map.entry("n", number("12345678901234567890.123")),
            Map.entry("b", AttributeValue.fromB(SdkBytes.fromByteArray(new byte[] {0, -1}))),
            Map.entry("t", AttributeValue.fromBool(true)),
            Map.entry("none", AttributeValue.fromNul(true)),
            Map.entry("ss", AttributeValue.fromSs(List.of("a", "b"))),
            Map.entry("ns", AttributeValue.fromNs(List.of("1", "2.5"))),
            Map.entry("l", AttributeValue.fromL(List.of(text("x"), number("1")))),
            Map.entry("m", AttributeValue.fromM(Map.of("inner", AttributeValue.fromM(Map.of())))));
    dax.putItem(put -> put.tableName(TABLE).item(item));
    for (int read = 0; read < 4; read += 1) equal(item, get(key("all", "-1.5")));
    var projected =
        dax.getItem(
            get ->
                get.tableName(TABLE)
                    .key(key("all", "-1.5"))
                    .projectionExpression("#s, l[1]")
                    .expressionAttributeNames(Map.of("#s", "s")));
    equal(
        Map.of("s", text("text \u2603"), "l", AttributeValue.fromL(List.of(number("1")))),
        projected.item());
  }

  private static void update() {
    put("updated", "0", Map.of("old", text("gone")));
    var updated =
        dax.updateItem(
            update ->
                update
                    .tableName(TABLE)
                    .key(key("updated", "0"))
                    .updateExpression("SET v = :v REMOVE #old ADD plays :one")
                    .conditionExpression("attribute_exists(#old) AND NOT begins_with(#old, :v)")
                    .expressionAttributeNames(Map.of("#old", "old"))
                    .expressionAttributeValues(Map.of(":v", text("new"), ":one", number("1")))
                    .returnValues(ReturnValue.ALL_NEW));
    var after = item("updated", "0", Map.of("v", text("new"), "plays", number("1")));
    equal(after, updated.attributes());
    equal(after, get(key("updated", "0")));
    var changed =
        dax.updateItem(
            update ->
                update
                    .tableName(TABLE)
                    .key(key("updated", "0"))
                    .updateExpression("ADD plays :one")
                    .expressionAttributeValues(Map.of(":one", number("1")))
                    .returnValues(ReturnValue.UPDATED_NEW));
    equal(Map.of("plays", number("2")), changed.attributes());
  }

  private static void pages() {
    for (int sk = 0; sk < 5; sk += 1) put("page", String.valueOf(sk), Map.of("even", text(sk % 2 == 0 ? "y" : "n")));
    var pages =
        dax.queryPaginator(
            query ->
                query
                    .tableName(TABLE)
                    .limit(2)
                    .keyConditionExpression("pk = :pk AND sk BETWEEN :low AND :high")
                    .filterExpression("even = :yes")
                    .expressionAttributeValues(
                        Map.of(
                            ":pk", text("page"),
                            ":low", number("1"),
                            ":high", number("4"),
                            ":yes", text("y"))));
    equal(
        List.of("2", "4"),
        pages.items().stream().map(item -> item.get("sk").n()).collect(Collectors.toList()));
    var backwards =
        dax.query(
            query ->
                query
                    .tableName(TABLE)
                    .limit(1)
                    .scanIndexForward(false)
                    .keyConditionExpression("pk = :pk")
                    .expressionAttributeValues(Map.of(":pk", text("page"))));
    equal("4", backwards.items().get(0).get("sk").n());
    equal(key("page", "4"), backwards.lastEvaluatedKey());
    var scanned = dax.scanPaginator(scan -> scan.tableName(TABLE).limit(2));
    equal(true, scanned.items().stream().count() >= 5);
  }

  private static void batches() {
    var writes =
        IntStream.range(0, 3)
            .mapToObj(sk -> item("batch", String.valueOf(sk), Map.of("v", text("x"))))
            .map(item -> PutRequest.builder().item(item).build())
            .map(put -> WriteRequest.builder().putRequest(put).build())
            .toList();
    dax.batchWriteItem(batch -> batch.requestItems(Map.of(TABLE, writes)));
    var keys =
        KeysAndAttributes.builder()
            .keys(List.of(key("batch", "1"), key("batch", "2"), key("batch", "9")))
            .build();
    var read = dax.batchGetItem(batch -> batch.requestItems(Map.of(TABLE, keys)));
    equal(
        List.of("1", "2"),
        read.responses().get(TABLE).stream().map(item -> item.get("sk").n()).sorted().toList());
    equal(true, read.unprocessedKeys().isEmpty());
  }

  private static void transactions() {
    var item = item("transaction", "0", Map.of("v", number("1")));
    var put = Put.builder().tableName(TABLE).item(item).build();
    var update =
        Update.builder()
            .tableName(TABLE)
            .key(key("transaction", "1"))
            .updateExpression("SET v = :v")
            .expressionAttributeValues(Map.of(":v", number("2")))
            .build();
    dax.transactWriteItems(
        write ->
            write.transactItems(
                TransactWriteItem.builder().put(put).build(),
                TransactWriteItem.builder().update(update).build()));
    var found =
        dax.transactGetItems(
            read -> read.transactItems(getting("transaction", "0"), getting("transaction", "1")));
    equal(item, found.responses().get(0).item());
    equal("2", found.responses().get(1).item().get("v").n());
    var again = put.toBuilder().conditionExpression("attribute_not_exists(pk)").build();
    var cancelled =
        thrown(
            TransactionCanceledException.class,
            () ->
                dax.transactWriteItems(
                    write -> write.transactItems(TransactWriteItem.builder().put(again).build())));
    equal("ConditionalCheckFailed", cancelled.cancellationReasons().get(0).code());
  }

  private static TransactGetItem getting(String pk, String sk) {
    var get = Get.builder().tableName(TABLE).key(key(pk, sk)).build();
    return TransactGetItem.builder().get(get).build();
  }

  private static void deletion() {
    put("deleted", "0", Map.of("v", text("x")));
    var deleted =
        dax.deleteItem(
            delete ->
                delete.tableName(TABLE).key(key("deleted", "0")).returnValues(ReturnValue.ALL_OLD));
    equal(item("deleted", "0", Map.of("v", text("x"))), deleted.attributes());
    equal(false, dax.getItem(get -> get.tableName(TABLE).key(key("deleted", "0"))).hasItem());
  }

  private static void errors() {
    thrown(
        ConditionalCheckFailedException.class,
        () ->
            dax.putItem(
                put ->
                    put.tableName(TABLE)
                        .item(key("error", "0"))
                        .conditionExpression("attribute_exists(pk)")));
    thrown(
        ResourceNotFoundException.class,
        () -> dax.getItem(get -> get.tableName("Missing").key(key("error", "0"))));
  }

  private static void capacity() {
    put("cost", "0", Map.of());
    get(key("cost", "0"));
    var cached =
        dax.getItem(
            get ->
                get.tableName(TABLE)
                    .key(key("cost", "0"))
                    .returnConsumedCapacity(ReturnConsumedCapacity.TOTAL));
    equal(0.0, cached.consumedCapacity() == null ? 0.0 : cached.consumedCapacity().capacityUnits());
  }

  private static void put(String pk, String sk, Map<String, AttributeValue> more) {
    dax.putItem(put -> put.tableName(TABLE).item(item(pk, sk, more)));
  }

  private static Map<String, AttributeValue> get(Map<String, AttributeValue> key) {
    return dax.getItem(get -> get.tableName(TABLE).key(key)).item();
  }

  private static Map<String, AttributeValue> key(String pk, String sk) {
    return Map.of("pk", text(pk), "sk", number(sk));
  }

  private static Map<String, AttributeValue> item(
      String pk, String sk, Map<String, AttributeValue> more) {
    var item = new java.util.HashMap<>(more);
    item.putAll(key(pk, sk));
    return item;
  }

  private static AttributeValue text(String value) {
    return AttributeValue.fromS(value);
  }

  private static AttributeValue number(String value) {
    return AttributeValue.fromN(value);
  }

  private static void step(String name, Step step) {
    try {
      step.run();
      System.out.println("ok\t" + name);
    } catch (Throwable problem) {
      System.out.println("not ok\t" + name + "\t" + problem.toString().replace('\n', ' '));
    }
  }

  private static void equal(Object expected, Object actual) {
    if (!expected.equals(actual)) throw new AssertionError(actual + " instead of " + expected);
  }

  private static <T extends Throwable> T thrown(Class<T> kind, Step step) {
    try {
      step.run();
    } catch (Throwable problem) {
      if (kind.isInstance(problem)) return kind.cast(problem);
      throw new AssertionError(problem + " instead of " + kind.getSimpleName());
    }
    throw new AssertionError("nothing instead of " + kind.getSimpleName());
  }
}
