/** By a type of options: each of its names, and the test that shows what it does: `file > the title of the test`. */
export type OptionTests = Readonly<Record<string, Readonly<Record<string, string>>>>

const KAFKA_OPTIONS = 'unit/connector/kafka/kafka-options.test.ts'
const KAFKA_SAID = `${KAFKA_OPTIONS} > when everything is said, then it is what was said`
const KAFKA_WRONG = `${KAFKA_OPTIONS} > when %s is wrong, then the error names it`
const KAFKA_E2E = 'e2e/kafka-source.test.ts'
const KAFKA_SHOWN =
  'e2e/kafka-secured.test.ts > when the broker asks for a certificate, then ours is shown, and the topic is read'
const KAFKA_OTHER_NAME =
  'e2e/kafka-secured.test.ts > when the certificate holds another name, then servername, or no verification, lets us in'
const PASSWORD = `${KAFKA_E2E} > when the broker asks for a password, then the right one reads and a wrong one fails at once`
const POSTGRES_SAID =
  'unit/connector/postgres/postgres-options.test.ts > when everything is said, then it is what was said'
const SECURED_TEXTS =
  'contract/postgres/secured.test.ts > when texts are given in place of files, then they do the same'
const REFUSALS = 'contract/postgres/refusals.test.ts'
const FILES = 'unit/connector/file/file-source.test.ts'
const GENERATOR = 'unit/connector/generator/generator-source.test.ts'
const CUSTOM =
  'unit/api/custom.test.ts > when source and sink are the user’s own, then splits are in the plan, and the node finds their functions'
const REFUSED = 'unit/api/refused-jobs.test.ts > when %s, then the job is refused with %s'
const PENDING = 'unit/checkpoint/pending-checkpoints.test.ts'
const RESTARTS = 'unit/actor/restart-strategy.test.ts'

/** What users type into a job. */
export const JOB_OPTION_TESTS: OptionTests = {
  KafkaSourceOptions: {
    brokers: `${KAFKA_OPTIONS} > when brokers are many, or without a port, then all are there`,
    topic: `${KAFKA_E2E} > when the topic does not exist, then that is said and no restart is useful`,
    format:
      'unit/connector/kafka/kafka-deserializer.test.ts > when the format is json, string or bytes, then they are that',
    schema: 'unit/connector/kafka/kafka-deserializer.test.ts > when a schema fits, then its output goes on',
    record:
      'unit/connector/kafka/kafka-deserializer.test.ts > when a record function is given, then it has value and meta',
    start: `${KAFKA_E2E} > when it starts at a time, at the end or from a group, then it begins there`,
    stop: `${KAFKA_OPTIONS} > when %s is to be read, then that is`,
    bounded:
      'unit/connector/kafka/kafka-enumerator.test.ts > when it is bounded or switched off, then there is none',
    group:
      'unit/connector/kafka/kafka-reader.test.ts > when a checkpoint is complete, then its positions are committed, with its number',
    discover: `${KAFKA_E2E} > when a partition is added, then it is discovered and read from its beginning`,
    isolation:
      'unit/connector/kafka/record-set.test.ts > when read uncommitted, then aborted records are there and markers are not',
    onBadRecord:
      'unit/connector/kafka/kafka-reader.test.ts > when the policy is skip, then it is told, counted by position, and the others come',
    clientId: KAFKA_SAID,
    sasl: PASSWORD,
    tls: `${KAFKA_E2E} > when the broker speaks TLS, then its certificate must be trusted`,
    fetch: KAFKA_SAID,
  },
  KafkaSasl: { mechanism: KAFKA_WRONG, username: PASSWORD, password: PASSWORD },
  KafkaTls: {
    ca: `${KAFKA_E2E} > when the broker speaks TLS, then its certificate must be trusted`,
    cert: KAFKA_SHOWN,
    key: KAFKA_SHOWN,
    passphrase: KAFKA_SHOWN,
    servername: KAFKA_OTHER_NAME,
    rejectUnauthorized: KAFKA_OTHER_NAME,
  },
  KafkaFetch: {
    maxWaitMs: `${KAFKA_E2E} > when it is closed in the middle of a long poll, then it ends at once`,
    minBytes: KAFKA_WRONG,
    maxBytes: KAFKA_WRONG,
    maxPartitionBytes: `${KAFKA_E2E} > when a record is larger than a fetch may be, then it comes nevertheless`,
  },
  FileSourceOptions: {
    path: `${FILES} > when nothing fits a path, then the run does not begin`,
    format: `${FILES} > when lines are text, then blank ones are records, and nothing is decoded`,
    schema: `${FILES} > when a line is bad and bad lines fail, then file and line are named, and what was before it is out`,
    onBadRecord: `${FILES} > when lines are bad and bad ones are skipped, then each is told with its place, and nothing beside it is lost`,
  },
  FileSinkOptions: {
    path: 'unit/connector/file/file-sink.test.ts > when the folder is a file, or may not be written, then that cannot be cured',
  },
  GeneratorSourceOptions: {
    make: `${GENERATOR} > when make throws, then the index is named`,
    count: `${GENERATOR} > when it is cut into any number of splits, then it makes the same records, each once`,
    ratePerSecond: `${GENERATOR} > when the rate is 1 000 a second, then that many come in each second, over all splits together`,
    seed: `${GENERATOR} > when seeds differ, then so do records, and not by their order alone`,
    splits: `${GENERATOR} > when nothing says how many splits, then there is one for each subtask of the beginning`,
  },
  CustomSourceOptions: { splits: CUSTOM, reader: CUSTOM, emits: CUSTOM },
  CustomSinkOptions: { writer: CUSTOM, takes: CUSTOM, guarantee: CUSTOM, keyFields: CUSTOM },
  PostgresSinkOptions: {
    database: `${REFUSALS} > when the address is none, then the job is told so, without the address`,
    tls: SECURED_TEXTS,
    table: `${REFUSALS} > when the table does not exist, then the job is told so`,
    schema: `${REFUSALS} > when a table is in another schema, then its rows are written there`,
    columns: `${REFUSALS} > when every type is written, then the table holds what the record had`,
    key: 'contract/postgres/exactly-once.test.ts > when keys repeat, then the last row of a key holds',
    mode: 'unit/connector/postgres/postgres-options.test.ts > when rows are appended to a table with a key, then each stays a row of its own, and comes to any writer',
    guarantee:
      'contract/postgres/at-least-once.test.ts > when rows are few, then they are in the table soon, without a checkpoint',
    createTable: `${REFUSALS} > when the table is to be created, then several subtasks create it once, with its key`,
    statementTimeout:
      'contract/postgres/exactly-once.test.ts > when a statement waits longer than its time-out, then the server gives it up, and it is tried again',
  },
  PostgresTls: {
    mode: SECURED_TEXTS,
    ca: SECURED_TEXTS,
    cert: SECURED_TEXTS,
    key: SECURED_TEXTS,
    passphrase: SECURED_TEXTS,
  },
  PostgresColumn: {
    from: POSTGRES_SAID,
    type: 'unit/connector/postgres/column-type.test.ts > then it does not fit',
  },
  JobOptions: {
    params:
      'unit/api/job.test.ts > when parameters have a schema, then they are what it makes of them, or refused',
    parallelism:
      'unit/api/refused-jobs.test.ts > when the command line asks for a parallelism, then it wins over that of the job',
    maxParallelism:
      'unit/graph/job-graph.test.ts > when a checkpoint has fewer key groups than there would be subtasks, then the job is refused',
    checkpoint: `${PENDING} > when a run starts, then the first checkpoint comes after an interval, and ids rise`,
    restart: `${RESTARTS} > when nothing is said, then it restarts once, after a second`,
    bufferTimeout:
      'unit/channel/outbox.test.ts > then a batch waits for the buffer time-out, and events go at once behind it',
    chaining:
      'unit/graph/job-graph.test.ts > when chaining is off, then five operators at parallelism 2 are ten subtasks',
  },
  CheckpointPolicy: {
    interval: `${PENDING} > when a run starts, then the first checkpoint comes after an interval, and ids rise`,
    mode: REFUSED,
    timeout: `${PENDING} > when one is not complete in time, then it expires, naming who is missing`,
    minPause: `${PENDING} > when a checkpoint takes longer than the interval, then the next opens after the pause`,
    maxConcurrent: `${PENDING} > when two may be under way, then a third waits, and one that completes covers the older one`,
    tolerableFailures: `${PENDING} > when more fail in a row than are tolerated, then the attempt is to fail; one that completes starts anew`,
    retained:
      'unit/actors/checkpoint-coordinator.test.ts > when more are retained than asked for, then the log releases the oldest first, and only then its blobs go',
  },
  OperatorOptions: {
    parallelism: REFUSED,
    chaining: 'unit/graph/job-graph.test.ts > when %s, then chains are as Flink makes them',
  },
  AggregationOptions: {
    combine:
      'unit/graph/plan.test.ts > when senders combine, then their plan shows it at the end of their chain, with its latency',
  },
  NamedOperatorOptions: {
    id: 'unit/api/refused-jobs.test.ts > when an id is used twice, then the error names both lines',
  },
  RestartStrategyOptions: {
    type: `${RESTARTS} > when the strategy is none, then the first failure is the last`,
    attempts: `${RESTARTS} > when three attempts are given, then the fourth failure is the last, however late`,
    delay: `${RESTARTS} > when nothing is said, then it restarts once, after a second`,
    initialBackoff: `${RESTARTS} > when failures follow each other, then delays grow by half, up to a minute`,
    maxBackoff: `${RESTARTS} > when failures follow each other, then delays grow by half, up to a minute`,
    backoffMultiplier: `${RESTARTS} > when failures follow each other, then delays grow by half, up to a minute`,
    resetBackoffThreshold: `${RESTARTS} > when nothing failed for the threshold after a restart, then delays and attempts begin anew`,
    jitterFactor: `${RESTARTS} > when jitter is drawn, then the delay stays within its share, never under the first nor over the last`,
    attemptsBeforeResetBackoff: `${RESTARTS} > when nothing failed for the threshold after a restart, then delays and attempts begin anew`,
    maxFailuresPerInterval: `${RESTARTS} > when three a minute are too many, then the third within the minute is the last`,
    failureRateInterval: `${RESTARTS} > when the oldest of three is older than the interval, then it restarts`,
  },
}

const ADDRESS = 'unit/cli/cluster-address.test.ts'
const CREDENTIALS = `${ADDRESS} > when there is %s, then that is who we are`
const TLS = `${ADDRESS} > when TLS is asked for, then the files are passed by path, because certificates are renewed`
const DEV_LOG = 'unit/cli/dev-command.test.ts > when the options of its log are %j, then it says %j, as %s'
const DEV_CHECKPOINT =
  'unit/cli/dev-command.test.ts > when a checkpoint is named, then a new run begins with it, whatever the state holds'
const DEV_NODE =
  'unit/cli/dev-command.test.ts > when slots and a nats-server are named, then the node has them, and the first line says so'
const RUN =
  'unit/cli/run-command.test.ts > when a job runs on a cluster, then each step is told, and what becomes of it as in dev'
const NODE = 'unit/cli/node-command.test.ts > when everything is said, then it is so'
const PLAN =
  'unit/cli/plan-command.test.ts > when a job is planned, then its operators have the names that parameters give, at the parallelism that was asked for'
const DOCTOR = 'unit/cli/doctor-command.test.ts'
const JSON_EACH =
  'unit/cli/json-output.test.ts > when "%s" prints JSON, then it is one document with the keys of docs/cli.md'
const JSON_OUTPUT =
  'unit/cli/json-output.test.ts > when a run is shown as JSON, then it has the keys of a run and of its details'

/** Of every command that speaks to a cluster. */
export const CLUSTER_OPTION_TESTS: Readonly<Record<string, string>> = {
  nats: `${ADDRESS} > when the environment and the command line say something, then the command line counts`,
  cluster: `${ADDRESS} > when the environment and the command line say something, then the command line counts`,
  'nats-creds': CREDENTIALS,
  'nats-nkey': CREDENTIALS,
  'tls-ca': TLS,
  'tls-cert': TLS,
  'tls-key': TLS,
  'tls-first': TLS,
}

/** What users type behind `retake`, by command; without those of every command that speaks to a cluster. */
export const COMMAND_OPTION_TESTS: OptionTests = {
  init: {},
  dev: {
    param: DEV_CHECKPOINT,
    parallelism: DEV_CHECKPOINT,
    slots: DEV_NODE,
    nats: DEV_NODE,
    state: 'unit/cli/dev-command.test.ts > when the state holds an unended run, then it goes on with it',
    'from-checkpoint': DEV_CHECKPOINT,
    'allow-repeated-rows':
      'unit/cli/dev-command.test.ts > when repeated rows are allowed for no checkpoint, then it is a usage error',
    'log-level': DEV_LOG,
    'log-format': DEV_LOG,
  },
  plan: {
    param: PLAN,
    parallelism: PLAN,
    format: 'unit/cli/plan-command.test.ts > when the options are %j, then the plan is shown so',
  },
  run: {
    param: RUN,
    parallelism: RUN,
    'from-checkpoint': RUN,
    'allow-repeated-rows': RUN,
    detach:
      'unit/cli/run-command.test.ts > when it is detached, then the id of the run comes out, and what to type next',
    output:
      'unit/cli/run-command.test.ts > when the job ends as %s, then the command ends with %i, and with -o json says how',
  },
  list: {
    all: 'unit/cli/cluster-commands.test.ts > when all runs are listed, then ended ones are there too, with their reason',
    output: JSON_EACH,
  },
  show: { output: JSON_OUTPUT },
  cancel: {
    'no-wait':
      'unit/cli/cluster-commands.test.ts > when nobody waits for a cancel, or the run has ended before, then the command ends at once',
    timeout:
      'unit/cli/cluster-commands.test.ts > when a cancel takes long, then it says so every 10 s, and ends with 8 when its time is over',
    output: JSON_EACH,
  },
  checkpoints: {
    now: 'unit/cli/cluster-commands.test.ts > when a checkpoint is asked for, then its id comes out',
    output: JSON_EACH,
  },
  nodes: { output: JSON_EACH },
  actors: { output: JSON_EACH },
  node: {
    role: NODE,
    name: NODE,
    slots: NODE,
    labels: NODE,
    state: NODE,
    'heartbeat-timeout': NODE,
    'drain-timeout':
      'unit/cli/node-command.test.ts > when draining takes too long, then it ends with the code of the signal',
    'log-level': DEV_LOG,
    'log-format': 'unit/cli/node-command.test.ts > when its log is JSON, then all that it says is, too',
  },
  doctor: {
    role: `${DOCTOR} > when the node is to be a task manager, then what a job manager alone needs is not examined`,
    name: `${DOCTOR} > when a name is asked for, then whether it would be taken in is examined, too`,
    state: `${DOCTOR} > when a directory is named, then that is examined instead of JetStream`,
    output:
      'unit/cli/doctor.test.ts > when docs/cli.md tells the keys of a check, then those are its keys, and it tells of every check',
  },
  version: { output: JSON_EACH },
  generate: {
    users: 'unit/cli/generate-command.test.ts > when some users are named, then there are those alone',
    nkeys:
      'unit/cli/generate-command.test.ts > when keys are asked for, then the configuration has public ones, and each seed a file for its owner',
  },
  explain: {
    output: 'unit/cli/explain-command.test.ts > when all are explained as JSON, then each is as it is alone',
  },
  help: {},
}
