package tule;

import com.amazonaws.services.dynamodbv2.streamsadapter.AmazonDynamoDBStreamsAdapterClient;
import com.amazonaws.services.dynamodbv2.streamsadapter.StreamsSchedulerFactory;
import com.amazonaws.services.dynamodbv2.streamsadapter.adapter.DynamoDBStreamsClientRecord;
import com.amazonaws.services.dynamodbv2.streamsadapter.model.DynamoDBStreamsProcessRecordsInput;
import com.amazonaws.services.dynamodbv2.streamsadapter.polling.DynamoDBStreamsPollingConfig;
import com.amazonaws.services.dynamodbv2.streamsadapter.processor.DynamoDBStreamsShardRecordProcessor;
import java.net.URI;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.streams.DynamoDbStreamsClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.CoordinatorConfig.ClientVersionConfig;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;

/**
 * Reads a table's stream with the Kinesis Client Library and prints, tab-separated and a line each: what it began to
 * read ("shard", id), each record ("record", pk, n), and each shard that it read to its end ("ended", id). Runs until
 * it is killed. Arguments: endpoint, stream ARN.
 */
public class StreamConsumer {
  private static class Processor implements DynamoDBStreamsShardRecordProcessor {
    private String shardId;

    @Override
    public void initialize(InitializationInput input) {
      shardId = input.shardId();
      print("shard", shardId);
    }

    @Override
    public void processRecords(DynamoDBStreamsProcessRecordsInput input) {
      for (DynamoDBStreamsClientRecord record : input.records()) {
        var image = record.getRecord().dynamodb().newImage();
        print("record", image.get("pk").s(), image.get("n").n());
      }
      if (!input.records().isEmpty()) checkpoint(input.checkpointer());
    }

    @Override
    public void shardEnded(ShardEndedInput input) {
      print("ended", shardId);
      checkpoint(input.checkpointer());
    }

    @Override
    public void leaseLost(LeaseLostInput input) {}

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
      checkpoint(input.checkpointer());
    }

    private static void checkpoint(RecordProcessorCheckpointer checkpointer) {
      try {
        checkpointer.checkpoint();
      } catch (Exception failure) {
        throw new IllegalStateException(failure);
      }
    }
  }

  private static synchronized void print(String... words) {
    System.out.println(String.join("\t", words));
  }

  public static void main(String[] arguments) {
    var endpoint = URI.create(arguments[0]);
    var streamArn = arguments[1];
    var credentials =
        StaticCredentialsProvider.create(AwsBasicCredentials.create("000000000000", "test"));
    var region = Region.US_EAST_1;
    var streams =
        DynamoDbStreamsClient.builder()
            .endpointOverride(endpoint)
            .credentialsProvider(credentials)
            .region(region)
            .build();
    // Where the library keeps its leases and checkpoints.
    var tables =
        DynamoDbAsyncClient.builder()
            .endpointOverride(endpoint)
            .credentialsProvider(credentials)
            .region(region)
            .build();
    var metrics =
        CloudWatchAsyncClient.builder()
            .endpointOverride(endpoint)
            .credentialsProvider(credentials)
            .region(region)
            .build();
    var adapter = new AmazonDynamoDBStreamsAdapterClient(streams, region);
    var tracker =
        StreamsSchedulerFactory.createSingleStreamTracker(
            streamArn,
            InitialPositionInStreamExtended.newInitialPosition(
                InitialPositionInStream.TRIM_HORIZON));
    var configs =
        new ConfigsBuilder(
            tracker, "stream-consumer", adapter, tables, metrics, "worker", Processor::new);
    var polling = new DynamoDBStreamsPollingConfig(adapter);
    polling.idleTimeBetweenReadsInMillis(200);
    var coordinator = configs.coordinatorConfig();
    coordinator.clientVersionConfig(ClientVersionConfig.CLIENT_VERSION_CONFIG_3X);
    StreamsSchedulerFactory.createScheduler(
            configs.checkpointConfig(),
            coordinator,
            configs.leaseManagementConfig(),
            configs.lifecycleConfig(),
            configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
            configs.processorConfig(),
            configs.retrievalConfig().retrievalSpecificConfig(polling),
            adapter)
        .run();
  }
}
