import type { StreamFacts } from '../checkpoint/jetstream-connection.js'
import { streamOf } from '../checkpoint/jetstream-objects.js'
import { bucketOf, leaseStreamOf, logStreamOf } from '../cluster/jetstream-layout.js'
import { JetStreamTrial } from '../cluster/jetstream-trial.js'
import { tryStateStore } from '../cluster/open-state-store.js'
import { RetakeError } from '../kit/errors.js'
import type { Check, Visit } from './doctor.js'
import { type CheckName, type Finding, failed, ok, warning } from './doctor-finding.js'
import { rounded, shortTime } from './doctor-nats.js'
import { shownPath } from './shown-path.js'
import { bytesText, counted } from './units.js'

const OPEN: readonly CheckName[] = ['jetstream']
/** A share of the storage that is worth a look. */
const MUCH_USED = 0.9
const WRITES = 5

export const JETSTREAM_CHECKS: readonly Check[] = [
  {
    name: 'jetstream',
    needs: ['nats', 'nats-version', 'headers', 'max-payload', 'inbox'],
    async find(visit) {
      await trial(visit)
      return ok('jetstream', 'enabled for this account')
    },
  },
  {
    name: 'storage',
    needs: OPEN,
    async find(visit) {
      const { storageBytes, storageLimitBytes } = await visit.step(
        'asking JetStream',
        (await trial(visit)).account(),
      )
      const values = { storageBytes, storageLimitBytes: storageLimitBytes ?? null }
      return { ...storageFinding(storageBytes, storageLimitBytes), values }
    },
  },
  streamCheck('log-stream', 'log', 'entries'),
  streamCheck('object-store', 'objects', 'messages'),
  streamCheck('lease-bucket', 'lease', 'messages'),
  {
    name: 'jetstream-api',
    needs: OPEN,
    async find(visit) {
      const jetStream = await trial(visit)
      const missing = await missingStreams(visit)
      await visit.step('trying the API of JetStream', jetStream.tryApi(missing))
      const makes = missing.size > 0 && visit.options.user === 'job-manager' ? 'made, ' : ''
      return ok('jetstream-api', `$JS.API.>: streams can be ${makes}read and tidied up`)
    },
  },
  {
    name: 'log-subjects',
    needs: OPEN,
    async find(visit) {
      await visit.step('publishing to the log', (await trial(visit)).tryLog())
      return ok('log-subjects', `rt.${visit.options.cluster}.log.>: may be published to`)
    },
  },
  {
    name: 'object-subjects',
    needs: OPEN,
    async find(visit) {
      await visit.step('publishing to the object store', (await trial(visit)).tryObjects())
      return ok('object-subjects', '$O.…: chunks and their descriptions may be published')
    },
  },
  {
    name: 'lease-subjects',
    needs: OPEN,
    async find(visit) {
      await visit.step('publishing to the bucket of the lease', (await trial(visit)).tryLease())
      return ok('lease-subjects', `$KV.${bucketOf(visit.options.cluster)}.>: may be published to`)
    },
  },
  {
    name: 'write',
    needs: ['object-store', 'jetstream-api', 'object-subjects'],
    find: writeFinding,
  },
]

export const DIRECTORY_CHECKS: readonly Check[] = [
  {
    name: 'state-directory',
    needs: [],
    async find(visit) {
      const { stateDirectory: directory = '', user, clock, random, logger } = visit.options
      const from = clock.now()
      const trial = tryStateStore({ kind: 'directory', directory }, user, {
        name: 'doctor',
        clock,
        random,
        logger,
      })
      const [noSpace] = await visit.step('writing to the state directory', trial)
      if (noSpace !== undefined) return failed('state-directory', noSpace)
      const tookMs = clock.now() - from
      const text = `${shownPath(directory)}: written, synced and deleted in ${shortTime(tookMs)}`
      return ok('state-directory', text, { directory, tookMs: rounded(tookMs) })
    },
  },
]

/** What slots never use, and their user may not: logs, and the lease. The stream of the logs it may look at. */
export const JOB_MANAGER_CHECKS: ReadonlySet<CheckName> = new Set([
  'lease-bucket',
  'log-subjects',
  'lease-subjects',
])

const STREAMS = {
  log: {
    what: 'the stream of the logs',
    nameIn: logStreamOf,
    look: (of: JetStreamTrial) => of.logStream(),
    whenLost: 'so are its checkpoints',
  },
  objects: {
    what: 'the object store',
    nameIn: (cluster: string) => streamOf(bucketOf(cluster)),
    look: (of: JetStreamTrial) => of.bucket(),
    whenLost: 'so are its checkpoints',
  },
  lease: {
    what: 'the bucket of the lease',
    nameIn: leaseStreamOf,
    look: (of: JetStreamTrial) => of.leaseBucket(),
    whenLost: 'nobody can lead the cluster',
  },
} as const
type Stream = keyof typeof STREAMS
const WRONG = 'wrong'

function trial(visit: Visit): Promise<JetStreamTrial> {
  return visit.once('connecting to JetStream', async () => {
    const { nats, cluster, user, clock, random, logger } = visit.options
    const opened = await JetStreamTrial.open({ nats, cluster, user, name: 'doctor', clock, random, logger })
    visit.onClose(() => opened.close())
    return opened
  })
}

async function streams(visit: Visit, which: Stream): Promise<StreamFacts | undefined> {
  const jetStream = await trial(visit)
  const { what, look } = STREAMS[which]
  return visit.once(`looking at ${what}`, () => look(jetStream))
}

/** By name. What is there and wrong is told by its own check. */
async function missingStreams(visit: Visit): Promise<ReadonlySet<string>> {
  const { cluster, user } = visit.options
  const used: readonly Stream[] = user === 'job-manager' ? ['log', 'objects', 'lease'] : ['log', 'objects']
  const missing = new Set<string>()
  for (const which of used) {
    const facts = await streams(visit, which).catch(() => WRONG)
    if (facts === undefined) missing.add(STREAMS[which].nameIn(cluster))
  }
  return missing
}

function storageFinding(used: number, limit: number | undefined): Finding {
  if (limit === undefined) {
    return ok('storage', `${bytesText(used)} used; the account has no limit but that of its servers`)
  }
  const text = `${bytesText(used)} used of ${bytesText(limit)}`
  if (used < limit * MUCH_USED) return ok('storage', text)
  if (used < limit) {
    return warning('storage', {
      what: `JetStream has little space left for this account: ${text}`,
      why: 'when it is used up, every checkpoint fails',
      fix: 'raise its limit (max_file) or make room, or retain fewer checkpoints',
    })
  }
  const noSpace = new RetakeError('RT1301', {
    what: `JetStream has no space left for this account: ${text}`,
    why: 'every checkpoint fails until there is some',
    fix: 'raise its limit (max_file) or make room, or retain fewer checkpoints',
  })
  return failed('storage', noSpace)
}

function streamCheck(name: CheckName, which: Stream, unit: string): Check {
  const find = async (visit: Visit): Promise<Finding> => {
    const facts = await streams(visit, which)
    if (facts === undefined)
      return { ...ok(name, 'not there yet: the first node makes it'), values: NO_STREAM, isAbsent: true }
    const { messages, bytes, replicas, isClustered } = facts
    const values = { messages, bytes, replicas }
    const text = `${messages} ${unit}, ${bytesText(bytes)}, kept ${counted(replicas, 'time', 'times')}`
    if (replicas > 1 || !isClustered) return ok(name, text, values)
    const { nameIn, whenLost } = STREAMS[which]
    const stream = nameIn(visit.options.cluster)
    return warning(name, {
      what: `${stream} is kept by one server alone, though NATS is a cluster`,
      why: `there were fewer than three servers when it was made; when that one is lost, ${whenLost}`,
      fix: `nats stream edit ${stream} --replicas 3`,
      values,
    })
  }
  return { name, needs: OPEN, find }
}

const NO_STREAM = { messages: null, bytes: null, replicas: null }

/** Of a confirmed write, as JetStream confirms it: perhaps before its disk has it. */
async function writeFinding(visit: Visit): Promise<Finding> {
  const { clock } = visit.options
  const jetStream = await trial(visit)
  const took: number[] = []
  const all = async () => {
    for (let i = 0; i < WRITES; i++) {
      const from = clock.now()
      await jetStream.write(() => took.push(clock.now() - from))
    }
  }
  await visit.step('writing to JetStream', all())
  took.sort((a, b) => a - b)
  const [medianMs = 0, slowestMs = 0] = [took[Math.floor(WRITES / 2)], took.at(-1)]
  const text = `a small write is confirmed in ${shortTime(medianMs)}, the slowest of ${WRITES} in ${shortTime(slowestMs)}`
  return ok('write', text, { medianMs: rounded(medianMs), slowestMs: rounded(slowestMs) })
}
