import {
  headersFault,
  type NatsServerFacts,
  payloadFault,
  RECOMMENDED_NATS,
  shortcomingsOf,
  versionFault,
} from '../actor/transport/nats-requirements.js'
import { type NatsSubjectClass, surveyNats, tryNatsSubjects } from '../actor/transport/nats-survey.js'
import { LIMITS } from '../kit/limits.js'
import type { Check, DoctorOptions, Visit } from './doctor.js'
import { type CheckName, type Finding, failed, ok, warning } from './doctor-finding.js'
import { bytesText } from './units.js'

const REACHED: readonly CheckName[] = ['nats']
/** What a node asks of a server before it says anything. */
const USABLE: readonly CheckName[] = [...REACHED, 'nats-version', 'headers', 'max-payload']
/** What any message needs. */
export const MESSAGES: readonly CheckName[] = [...USABLE, 'control-lane', 'data-lane', 'inbox']

export const NATS_CHECKS: readonly Check[] = [
  {
    name: 'nats',
    needs: [],
    async find(visit) {
      const { server, rttMs } = await survey(visit)
      const values = { url: server.url, version: server.version, rttMs: rounded(rttMs) }
      return ok('nats', `${server.url}  v${server.version}  rtt ${shortTime(rttMs)}`, values)
    },
  },
  {
    name: 'nats-version',
    needs: REACHED,
    find: async (visit) => versionFinding((await survey(visit)).server),
  },
  {
    name: 'headers',
    needs: REACHED,
    async find(visit) {
      const fault = headersFault((await survey(visit)).server)
      return fault === undefined ? ok('headers', 'on') : failed('headers', fault)
    },
  },
  {
    name: 'max-payload',
    needs: REACHED,
    async find(visit) {
      const { server } = await survey(visit)
      const fault = payloadFault(server, visit.options.nats.maxMessageBytes ?? LIMITS.frameBytesMax)
      const values = { bytes: server.maxPayloadBytes }
      return fault === undefined
        ? ok('max-payload', bytesText(server.maxPayloadBytes), values)
        : { ...failed('max-payload', fault), values }
    },
  },
  subjects(
    'control-lane',
    'control',
    ({ cluster, groups }) => `${listed(`rt.${cluster}.c`, groups.control)}: published and heard`,
  ),
  subjects(
    'data-lane',
    'data',
    ({ cluster, groups }) => `${listed(`rt.${cluster}.d`, groups.data)}: published and heard`,
  ),
  subjects(
    'inbox',
    'inbox',
    ({ cluster, groups }) => `${listed(`_INBOX.${cluster}`, groups.control)}: subscribed to`,
  ),
]

/** One class of the subjects that messages travel on. */
function subjects(name: CheckName, kind: NatsSubjectClass, works: (options: DoctorOptions) => string): Check {
  return {
    name,
    needs: USABLE,
    async find(visit) {
      const trials = visit.once('publishing to ourselves', () => tryNatsSubjects(natsOptionsOf(visit)))
      const fault = (await trials).get(kind)
      return fault === undefined ? ok(name, works(visit.options)) : failed(name, fault)
    },
  }
}

function listed(head: string, groups: readonly string[]): string {
  return groups.map((group) => `${head}.${group}.>`).join(', ')
}

function survey(visit: Visit) {
  return visit.once('connecting to NATS', () => surveyNats(natsOptionsOf(visit)))
}

function natsOptionsOf({ options }: Visit) {
  const { nats, cluster, groups, clock, random, logger } = options
  return { ...nats, cluster, groups, name: 'doctor', clock, random, logger }
}

function versionFinding(server: NatsServerFacts): Finding {
  const fault = versionFault(server)
  if (fault !== undefined) return failed('nats-version', fault)
  const lacks = shortcomingsOf(server.version)
  const values = { version: server.version, recommended: RECOMMENDED_NATS }
  if (lacks.length === 0) return ok('nats-version', `v${server.version}`, values)
  return warning('nats-version', {
    what: `v${server.version} works, and newer ones work better`,
    why: lacks.map(({ before, what }) => `before ${before}: ${what}`).join('\n'),
    fix: `install nats-server ${RECOMMENDED_NATS} or newer`,
    values,
  })
}

/** `0.24 ms`: a local server answers in less than one. */
export function shortTime(ms: number): string {
  return ms < 10 ? `${ms.toFixed(2)} ms` : `${Math.round(ms)} ms`
}

/** Microseconds and no less. */
export function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
