/**
 * The catalogue of everything that can go wrong for a user, each with a code, and the one error class that carries
 * it. Ranges: 10xx graph, 11xx bundle, 12xx state and restore, 13xx checkpoint and log, 14xx connectors, 15xx cluster
 * and transport, 16xx user code, 17xx configuration and parameters, 18xx tests of users. `docs/errors.md` lists the same
 * codes; a test compares both.
 *
 * `restart` says whether starting the job again can cure it: 'cures' follows the job's restart strategy, 'useless'
 * fails the job at once with its cause.
 */
export const CATALOGUE = {
  RT1001: { title: 'two operators have one id', restart: 'useless' },
  RT1002: { title: 'the job has no sink', restart: 'useless' },
  RT1003: { title: 'the job has no source', restart: 'useless' },
  RT1004: { title: 'an id is missing or cannot be one', restart: 'useless' },
  RT1005: { title: 'the sink needs exactly-once checkpoints', restart: 'useless' },
  RT1006: { title: 'parallelism is out of range', restart: 'useless' },
  RT1007: { title: 'a union of nothing, or of streams of other jobs', restart: 'useless' },
  RT1008: { title: 'the records of an operator go nowhere', restart: 'useless' },
  RT1009: { title: 'a port is not connected as it must be', restart: 'useless' },
  RT1010: { title: 'the key of a sink is wrong', restart: 'useless' },
  RT1011: { title: 'a function is missing', restart: 'useless' },
  RT1012: { title: 'an option is missing or wrong', restart: 'useless' },
  RT1013: { title: 'the connector is not known', restart: 'useless' },
  RT1014: { title: 'forward needs the same parallelism on both sides', restart: 'useless' },
  RT1015: { title: 'operators are connected in a circle', restart: 'useless' },
  RT1101: { title: 'there is no such job file', restart: 'useless' },
  RT1102: { title: 'the job does not bundle', restart: 'useless' },
  RT1103: { title: 'the bundle is too large', restart: 'useless' },
  RT1105: { title: 'the job throws when it is imported', restart: 'useless' },
  RT1106: { title: 'the file exports no job', restart: 'useless' },
  RT1107: { title: 'building the plan takes too long', restart: 'useless' },
  RT1108: { title: 'the graph differs between two builds', restart: 'useless' },
  RT1109: { title: 'the kept bundle is damaged', restart: 'useless' },
  RT1201: { title: 'the checkpoint has an unknown format', restart: 'useless' },
  RT1202: { title: 'the manifest of a checkpoint is damaged', restart: 'useless' },
  RT1203: { title: 'a part of a checkpoint is missing or damaged', restart: 'useless' },
  RT1205: { title: 'max parallelism has changed', restart: 'useless' },
  RT1206: { title: 'the checkpoint holds operators that the job has not', restart: 'useless' },
  RT1207: { title: 'the job has operators that the checkpoint has not', restart: 'useless' },
  RT1208: { title: 'an operator has become one of another kind', restart: 'useless' },
  RT1209: { title: 'there is no such checkpoint', restart: 'useless' },
  RT1210: { title: 'a source cannot go on with the positions of the checkpoint', restart: 'useless' },
  RT1214: { title: 'a sink is ahead of the checkpoint', restart: 'useless' },
  RT1221: { title: 'state of a version that is not understood', restart: 'useless' },
  RT1222: { title: 'keys of another type than the state has', restart: 'useless' },
  RT1301: { title: 'the disk is full', restart: 'cures' },
  RT1302: { title: 'the store cannot be written', restart: 'cures' },
  RT1303: { title: 'too many checkpoints failed', restart: 'cures' },
  RT1304: { title: 'a checkpoint has expired', restart: 'cures' },
  RT1305: { title: 'a checkpoint was given up', restart: 'cures' },
  RT1306: { title: 'the log of a job is damaged', restart: 'useless' },
  RT1307: { title: 'the log refused an entry', restart: 'cures' },
  RT1308: { title: 'the log shows less than it has confirmed', restart: 'cures' },
  RT1401: { title: 'the topic does not exist', restart: 'useless' },
  RT1402: { title: 'Kafka no longer holds the position', restart: 'useless' },
  RT1403: { title: 'a record cannot be decoded', restart: 'useless' },
  RT1404: { title: 'Kafka refused the credentials', restart: 'useless' },
  RT1405: { title: 'a permission is missing in Kafka', restart: 'useless' },
  RT1406: { title: 'Kafka cannot be reached', restart: 'cures' },
  RT1407: { title: 'Kafka answered with an error', restart: 'cures' },
  RT1408: { title: 'bytes from Kafka are damaged', restart: 'cures' },
  RT1409: { title: 'this Kafka, or its client, is not the one that is understood', restart: 'useless' },
  RT1410: { title: 'the options of a Kafka source are wrong', restart: 'useless' },
  RT1440: { title: 'PostgreSQL cannot be reached', restart: 'cures' },
  RT1441: { title: 'PostgreSQL refused the credentials', restart: 'useless' },
  RT1442: { title: 'the database does not exist', restart: 'useless' },
  RT1443: { title: 'the table does not exist', restart: 'useless' },
  RT1444: { title: 'the table is not as the sink needs it', restart: 'useless' },
  RT1445: { title: 'a permission is missing in PostgreSQL', restart: 'useless' },
  RT1446: { title: 'a record does not fit its table', restart: 'useless' },
  RT1447: { title: 'a later attempt has fenced this sink', restart: 'cures' },
  RT1448: { title: 'PostgreSQL did not answer a write', restart: 'cures' },
  RT1449: { title: 'PostgreSQL refused a statement', restart: 'useless' },
  RT1450: { title: 'the options of a PostgreSQL sink are wrong', restart: 'useless' },
  RT1451: { title: 'this run has been replaced by a later one', restart: 'useless' },
  RT1460: { title: 'a record cannot be written as JSON', restart: 'useless' },
  RT1470: { title: 'there is no such file, or it may not be read', restart: 'useless' },
  RT1471: { title: 'a line of a file cannot be decoded', restart: 'useless' },
  RT1472: { title: 'a file is not as it was when the run began', restart: 'useless' },
  RT1473: { title: 'a file could not be read', restart: 'cures' },
  RT1480: { title: 'no space is left for the file sink', restart: 'cures' },
  RT1481: { title: 'the file sink may not write', restart: 'useless' },
  RT1482: { title: 'the file sink could not write', restart: 'cures' },
  RT1483: { title: 'a published file was changed', restart: 'useless' },
  RT1490: { title: 'TLS with Kafka or PostgreSQL fails', restart: 'useless' },
  RT1501: { title: 'NATS cannot be reached', restart: 'cures' },
  RT1502: { title: 'NATS refused the credentials', restart: 'useless' },
  RT1503: { title: 'a permission is missing in NATS', restart: 'useless' },
  RT1504: { title: 'max_payload of NATS is too small', restart: 'useless' },
  RT1505: { title: 'the nats-server is too old, or has headers off', restart: 'useless' },
  RT1506: { title: 'the connection to NATS ended for good', restart: 'cures' },
  RT1507: { title: 'a message is too large', restart: 'useless' },
  RT1508: { title: 'a message cannot be written as bytes', restart: 'useless' },
  RT1510: { title: 'a slot is lost', restart: 'cures' },
  RT1511: { title: 'too few slots', restart: 'useless' },
  RT1512: { title: 'a task manager is lost', restart: 'cures' },
  RT1513: { title: 'another node directs the run', restart: 'useless' },
  RT1515: { title: 'nodes of different versions', restart: 'useless' },
  RT1516: { title: 'the name of the node is taken', restart: 'useless' },
  RT1517: { title: 'no job manager answers', restart: 'cures' },
  RT1518: { title: 'the NATS account has no JetStream', restart: 'useless' },
  RT1519: { title: 'the clocks of two nodes differ', restart: 'useless' },
  RT1520: { title: 'a channel lost a frame', restart: 'cures' },
  RT1521: { title: 'a channel carried damaged bytes', restart: 'cures' },
  RT1523: { title: 'there is no such run', restart: 'useless' },
  RT1524: { title: 'JetStream is not as the cluster needs it', restart: 'useless' },
  RT1525: { title: 'a nats-server is about to end', restart: 'cures' },
  RT1526: { title: 'TLS with NATS failed', restart: 'cures' },
  RT1601: { title: 'user code threw', restart: 'cures' },
  RT1602: { title: 'a field to be summed up holds no number', restart: 'useless' },
  RT1603: { title: 'user code is asynchronous', restart: 'useless' },
  RT1610: { title: 'not a key', restart: 'useless' },
  RT1611: { title: 'keys of different types in one stream', restart: 'useless' },
  RT1612: { title: 'a record is too large for a channel', restart: 'useless' },
  RT1613: { title: 'a partitioner chose a channel that is not there', restart: 'useless' },
  RT1614: { title: 'a value cannot be written as bytes', restart: 'useless' },
  RT1615: { title: 'a key selector gives different keys for one record', restart: 'useless' },
  RT1616: { title: 'not a time for a timer', restart: 'useless' },
  RT1617: { title: 'a combined record has another key', restart: 'useless' },
  RT1701: { title: 'not a duration', restart: 'useless' },
  RT1702: { title: 'a restart strategy, or an option of it, is wrong', restart: 'useless' },
  RT1703: { title: 'the parameters are not what the job takes', restart: 'useless' },
  RT1704: { title: 'an option of the job is wrong', restart: 'useless' },
  RT1705: { title: 'a parameter is missing', restart: 'useless' },
  RT1710: { title: 'a secret is not known on this node', restart: 'useless' },
  RT1801: { title: 'a test is wrong', restart: 'useless' },
} as const satisfies Record<string, { title: string; restart: 'cures' | 'useless' }>

export type ErrorCode = keyof typeof CATALOGUE

/** What a user is told. `where` is `file:line` of the user's call, or the part of the cluster that met the fault. */
export interface ErrorText {
  readonly what: string
  readonly why: string
  readonly fix: string
  readonly where?: string | undefined
  readonly cause?: unknown
}

const BRAND = Symbol.for('retake.error/1')

/**
 * What went wrong, as the catalogue knows it: a code with its title, and for this case what, why, and what to do
 * about it.
 */
export class RetakeError extends Error {
  /** A job's bundle has a copy of this class: both know each other's errors by a brand. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value
  }

  readonly [BRAND] = true
  /** 'RetakeError', in every copy of the library. */
  override readonly name = 'RetakeError'
  /** `RT` and four digits, as in docs/errors.md; a code never changes its meaning. */
  readonly code: ErrorCode
  /** What happened, with its values. */
  readonly what: string
  /** Its cause. */
  readonly why: string
  /** What to do. */
  readonly fix: string
  /** `file:line` of the user's call, or the part of the cluster that met it. */
  readonly where: string | undefined

  constructor(code: ErrorCode, text: ErrorText) {
    super(
      `${code} ${text.what}: ${text.why} (${text.fix})`,
      text.cause === undefined ? undefined : { cause: text.cause },
    )
    this.code = code
    this.what = text.what
    this.why = text.why
    this.fix = text.fix
    this.where = text.where
  }
}

/** `thrown`, with the place that it happened at where it names none. */
export function placed<T>(thrown: T, where: string | undefined): T | RetakeError {
  if (!(thrown instanceof RetakeError) || thrown.where !== undefined || where === undefined) return thrown
  const { code, what, why, fix, cause, stack } = thrown
  return withStack(new RetakeError(code, { what, why, fix, where, cause }), stack)
}

/** `error` as one that was made where another was: test runners show what its stack says. */
function withStack<E extends Error>(error: E, stack: string | undefined): E {
  if (stack !== undefined) error.stack = stack
  return error
}

/** An error as plain data, with its causes: what crosses threads, subjects and the job's log. */
export interface ErrorInfo {
  /** Of its class. */
  readonly name: string
  /** As `Error.message` has it. */
  readonly message: string
  /** Of a `RetakeError` alone, as `what`, `why`, `fix` and `where`. */
  readonly code?: ErrorCode | undefined
  /** As of the `RetakeError`. */
  readonly what?: string | undefined
  /** As of the `RetakeError`. */
  readonly why?: string | undefined
  /** As of the `RetakeError`. */
  readonly fix?: string | undefined
  /** As of the `RetakeError`. */
  readonly where?: string | undefined
  /** Where it was thrown. */
  readonly stack?: string | undefined
  /** What it was thrown for. */
  readonly cause?: ErrorInfo | undefined
}

const CAUSES_MAX = 16

/** Any thrown value as data. Chains of causes longer than 16 are cut. */
export function errorInfoOf(thrown: unknown, depth = 0): ErrorInfo {
  if (!(thrown instanceof Error)) return { name: 'Error', message: String(thrown) }
  const cause =
    thrown.cause === undefined || depth >= CAUSES_MAX ? undefined : errorInfoOf(thrown.cause, depth + 1)
  const info = { name: thrown.name, message: thrown.message, stack: thrown.stack, cause }
  if (!isRetakeError(thrown)) return info
  const { code, what, why, fix, where } = thrown
  return { ...info, code, what, why, fix, where }
}

/** A job's bundle has a copy of this class of its own: what it throws is known by its name and code. */
export function isRetakeError(thrown: unknown): thrown is RetakeError {
  if (thrown instanceof RetakeError) return true
  if (!(thrown instanceof Error) || thrown.name !== 'RetakeError' || !('code' in thrown)) return false
  return typeof thrown.code === 'string' && Object.hasOwn(CATALOGUE, thrown.code)
}

/** The error that `info` was taken from, as far as data can tell: a RetakeError again where it had a code. */
export function errorOf(info: ErrorInfo): Error {
  const cause = info.cause === undefined ? undefined : errorOf(info.cause)
  if (
    info.code !== undefined &&
    info.what !== undefined &&
    info.why !== undefined &&
    info.fix !== undefined
  ) {
    const { code, what, why, fix, where } = info
    return withStack(new RetakeError(code, { what, why, fix, where, cause }), info.stack)
  }
  const error = new Error(info.message, cause === undefined ? undefined : { cause })
  error.name = info.name
  return withStack(error, info.stack)
}

/** Whether a restart can cure what `info` tells; decided by the outermost error of the chain that has a code. */
export function isCurable(info: ErrorInfo): boolean {
  if (info.code !== undefined) return CATALOGUE[info.code].restart === 'cures'
  return info.cause === undefined || isCurable(info.cause)
}
