import type { StreamFacts } from '../checkpoint/jetstream-connection.js'
import { streamOf } from '../checkpoint/jetstream-objects.js'
import { bucketOf, logStreamOf } from '../cluster/jetstream-layout.js'
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
  {
    name: 'log-stream',
    needs: OPEN,
    find: async (visit) =>
      streamFinding('log-stream', logStreamOf(visit.options.cluster), await streams(visit, 'log'), 'entries'),
  },
  {
    name: 'object-store',
    needs: OPEN,
    find: async (visit) =>
      streamFinding(
        'object-store',
        streamOf(bucketOf(visit.options.cluster)),
        await streams(visit, 'objects'),
        'messages',
      ),
  },
  {
    name: 'jetstream-api',
    needs: OPEN,
    async find(visit) {
      const jetStream = await trial(visit)
      // What is there and wrong is told by its own check.
      const isThere = async (which: Stream) => (await streams(visit, which).catch(() => WRONG)) !== undefined
      const areThere = (await isThere('log')) && (await isThere('objects'))
      await visit.step('trying the API of JetStream', jetStream.tryApi({ areThere }))
      const makes = !areThere && visit.options.user === 'job-manager' ? 'made, ' : ''
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

type Stream = 'log' | 'objects'
const WRONG = 'wrong'

function trial(visit: Visit): Promise<JetStreamTrial> {
  return visit.once('connecting to JetStream', async () => {
    const { nats, cluster, user, clock, random, logger } = visit.options
    const opened = await JetStreamTrial.open({ nats, cluster, name: 'doctor', clock, random, logger }, user)
    visit.onClose(() => opened.close())
    return opened
  })
}

async function streams(visit: Visit, which: Stream): Promise<StreamFacts | undefined> {
  const jetStream = await trial(visit)
  return visit.once(`looking at the ${which === 'log' ? 'stream of the logs' : 'object store'}`, () =>
    which === 'log' ? jetStream.logStream() : jetStream.bucket(),
  )
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

function streamFinding(
  name: CheckName,
  stream: string,
  facts: StreamFacts | undefined,
  unit: string,
): Finding {
  if (facts === undefined) {
    return { ...ok(name, 'not there yet: the first node makes it'), values: NO_STREAM, isAbsent: true }
  }
  const { messages, bytes, replicas, isClustered } = facts
  const values = { messages, bytes, replicas }
  const text = `${messages} ${unit}, ${bytesText(bytes)}, kept ${counted(replicas, 'time', 'times')}`
  if (replicas > 1 || !isClustered) return ok(name, text, values)
  return warning(name, {
    what: `${stream} is kept by one server alone, though NATS is a cluster`,
    why: 'there were fewer than three servers when it was made; when that one is lost, so are its checkpoints',
    fix: `nats stream edit ${stream} --replicas 3`,
    values,
  })
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
