import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.RichFilterFunction;
import org.apache.flink.api.common.serialization.AbstractDeserializationSchema;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.jdbc.JdbcConnectionOptions;
import org.apache.flink.connector.jdbc.JdbcExactlyOnceOptions;
import org.apache.flink.connector.jdbc.JdbcExecutionOptions;
import org.apache.flink.connector.jdbc.core.datastream.sink.JdbcSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.postgresql.xa.PGXADataSource;

/**
 * The main job as one writes it for Flink: clicks of logged-in users from Kafka, summed per user, into PostgreSQL. One
 * JVM with a MiniCluster; what it says of its run are the lines that bench/main-job/run-line.ts describes.
 */
public final class ClickCount {
  public static final class Click {
    public String userId;
    public String url;
    public long ts;
    public boolean loggedIn;
  }

  public static final class Row {
    public String userId;
    public long clicks;

    public Row() {}

    public Row(String userId, long clicks) {
      this.userId = userId;
      this.clicks = clicks;
    }
  }

  private static final String UPSERT =
      "insert into %s (user_id, clicks) values (?, ?) on conflict (user_id) do update set clicks = excluded.clicks";

  public static void main(String[] args) throws Exception {
    Map<String, String> params = new ObjectMapper().readValue(args[0], Map.class);
    StreamExecutionEnvironment env = environment(params);
    KeyedStream<Row, String> rows =
        env.fromSource(source(params), WatermarkStrategy.noWatermarks(), "clicks")
            .filter(new LoggedIn())
            .map(click -> new Row(click.userId, 1))
            .returns(Row.class)
            .keyBy(row -> row.userId);
    // Flink's sum emits the new total of a user at every click.
    DataStream<Row> totals =
        params.get("emit").equals("each-update")
            ? rows.sum("clicks")
            : rows.transform("latest-totals", TypeInformation.of(Row.class), new LatestTotals());
    totals.sinkTo(sink(params)).name("table");
    Progress.begin();
    env.execute("click-count");
    Progress.committed();
  }

  private static StreamExecutionEnvironment environment(Map<String, String> params) {
    Configuration conf = new Configuration();
    conf.setString("execution.checkpointing.interval", "5s");
    conf.setString("execution.checkpointing.mode", "EXACTLY_ONCE");
    conf.setString("execution.checkpointing.storage", "filesystem");
    conf.setString("execution.checkpointing.dir", params.get("checkpoints"));
    conf.setString("state.backend.type", "hashmap");
    conf.setString("restart-strategy.type", "none");
    conf.setString("pipeline.object-reuse", params.get("objectReuse"));
    int parallelism = Integer.parseInt(params.get("parallelism"));
    return StreamExecutionEnvironment.createLocalEnvironment(parallelism, conf);
  }

  private static KafkaSource<Click> source(Map<String, String> params) {
    return KafkaSource.<Click>builder()
        .setBootstrapServers(params.get("brokers"))
        .setTopics(params.get("topic"))
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setBounded(OffsetsInitializer.latest())
        .setProperty("isolation.level", "read_committed")
        .setValueOnlyDeserializer(new ClickSchema())
        .build();
  }

  /**
   * Exactly once Flink commits by XA. A row that a prepared transaction has touched is locked until its checkpoint is
   * complete, and the thread that would commit it is the one that writes the next: nothing may be written between, so
   * rows are kept and written all at once when the barrier comes. No user is twice among them, so the driver may make
   * statements of many rows of them; PostgreSQL refuses one that touches a row twice.
   */
  private static Sink<Row> sink(Map<String, String> params) {
    boolean exactlyOnce = params.get("guarantee").equals("exactly-once");
    var builder =
        JdbcSink.<Row>builder()
            .withQueryStatement(
                UPSERT.formatted(params.get("table")),
                (statement, row) -> {
                  statement.setString(1, row.userId);
                  statement.setLong(2, row.clicks);
                })
            .withExecutionOptions(
                JdbcExecutionOptions.builder()
                    .withBatchSize(exactlyOnce ? Integer.MAX_VALUE : 5_000)
                    .withBatchIntervalMs(exactlyOnce ? 0 : 1_000)
                    .withMaxRetries(exactlyOnce ? 0 : 3)
                    .build());
    String url = params.get("jdbc") + (exactlyOnce ? "?reWriteBatchedInserts=true" : "");
    if (exactlyOnce) {
      String user = params.get("user");
      String password = params.get("password");
      return builder.buildExactlyOnce(
          JdbcExactlyOnceOptions.builder().withTransactionPerConnection(true).build(),
          () -> {
            PGXADataSource database = new PGXADataSource();
            database.setUrl(url);
            database.setUser(user);
            database.setPassword(password);
            return database;
          });
    }
    return builder.buildAtLeastOnce(
        new JdbcConnectionOptions.JdbcConnectionOptionsBuilder()
            .withUrl(url)
            .withDriverName("org.postgresql.Driver")
            .withUsername(params.get("user"))
            .withPassword(params.get("password"))
            .build());
  }

  /** A reader made once for the one class that it reads: what Jackson's documentation advises for speed. */
  private static final class ClickSchema extends AbstractDeserializationSchema<Click> {
    private transient ObjectReader reader;

    @Override
    public void open(InitializationContext context) {
      reader = new ObjectMapper().readerFor(Click.class).with(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);
    }

    @Override
    public Click deserialize(byte[] message) throws IOException {
      return reader.readValue(message);
    }
  }

  /** Keeps the clicks of logged-in users; what it has seen is told a few hundred at a time, so that it costs nothing. */
  private static final class LoggedIn extends RichFilterFunction<Click> implements CheckpointListener {
    private static final int TOLD_EACH = 256;
    private transient int untold;

    @Override
    public boolean filter(Click click) {
      if (++untold == TOLD_EACH) tell();
      return click.loggedIn;
    }

    @Override
    public void close() {
      tell();
    }

    @Override
    public void notifyCheckpointComplete(long checkpoint) {
      Progress.checkpoint(checkpoint);
    }

    private void tell() {
      Progress.read(untold);
      untold = 0;
    }
  }

  /**
   * Sums like Flink's own, but emits the total of each user who has clicked once, ahead of the barrier: what Flink SQL
   * does with mini-batches, and what Retake's sink makes of its rows.
   */
  private static final class LatestTotals extends AbstractStreamOperator<Row>
      implements OneInputStreamOperator<Row, Row>, BoundedOneInput {
    private transient ValueState<Long> total;
    private transient Map<String, Long> changed;

    @Override
    public void open() throws Exception {
      super.open();
      total = getRuntimeContext().getState(new ValueStateDescriptor<>("total", Types.LONG));
      changed = new HashMap<>();
    }

    @Override
    public void processElement(StreamRecord<Row> record) throws Exception {
      Row row = record.getValue();
      Long before = total.value();
      Long after = before == null ? row.clicks : before + row.clicks;
      total.update(after);
      changed.put(row.userId, after);
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpoint) {
      emit();
    }

    @Override
    public void endInput() {
      emit();
    }

    private void emit() {
      changed.forEach((userId, clicks) -> output.collect(new StreamRecord<>(new Row(userId, clicks))));
      changed.clear();
    }
  }

  /** What the whole process says of its run. */
  private static final class Progress {
    private static final long EVERY_MS = 250;
    private static final LongAdder CLICKS = new LongAdder();
    private static final AtomicLong CHECKPOINT = new AtomicLong();
    private static volatile boolean isRunning;

    static void begin() {
      Thread teller =
          new Thread(
              () -> {
                while (true) {
                  try {
                    Thread.sleep(EVERY_MS);
                  } catch (InterruptedException end) {
                    return;
                  }
                  if (isRunning) say("\"type\":\"read\",\"clicks\":" + CLICKS.sum());
                }
              });
      teller.setDaemon(true);
      teller.start();
    }

    static void read(int clicks) {
      if (!isRunning) running();
      CLICKS.add(clicks);
    }

    /** Told once, by whichever subtask is first. */
    private static synchronized void running() {
      if (isRunning) return;
      say("\"type\":\"running\"");
      isRunning = true;
    }

    /** Told once, by whichever subtask is first. */
    static void checkpoint(long checkpoint) {
      if (CHECKPOINT.getAndAccumulate(checkpoint, Math::max) < checkpoint) say("\"type\":\"checkpoint\"");
    }

    static void committed() throws IOException {
      say("\"type\":\"committed\"");
      while (System.in.read() >= 0) {}
    }

    private static synchronized void say(String line) {
      System.out.println("{" + line + ",\"at\":" + System.currentTimeMillis() + "}");
    }
  }
}
