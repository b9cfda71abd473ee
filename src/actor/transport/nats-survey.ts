import type { Clock } from '../../kit/clock.js'
import { RetakeError } from '../../kit/errors.js'
import type { Logger } from '../../kit/logger.js'
import type { Random } from '../../kit/random.js'
import { newSystemId, strangerTo } from '../address.js'
import { dialNats, type NatsOptions, natsFactsOf } from './nats-client.js'
import { NatsConnection } from './nats-connection.js'
import type { NatsServerFacts } from './nats-requirements.js'
import { type NatsLaneName, NatsSubjects, natsInboxOf } from './nats-subjects.js'

/** Looks at a nats-server as messages would meet it, without being part of anything. */

export interface NatsSurveyOptions extends NatsOptions {
  readonly cluster: string
  readonly groups: NatsGroups
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

export interface NatsSurvey {
  readonly server: NatsServerFacts
  /** The shortest of a few round trips. */
  readonly rttMs: number
}

/** As systems of which groups: those that speak, and those that exchange frames besides. */
export interface NatsGroups {
  readonly control: readonly [string, ...string[]]
  readonly data: readonly string[]
}

/** The classes of subjects that messages travel on. */
export type NatsSubjectClass = 'control' | 'data' | 'inbox'

const ROUNDS = 5
const NOTHING = new Uint8Array(0)
const LANES = { control: 'c', data: 'd' } as const satisfies Record<string, NatsLaneName>

/** Connects and measures; judges nothing. Throws RT1501 or RT1502. */
export async function surveyNats(options: NatsSurveyOptions): Promise<NatsSurvey> {
  const { clock } = options
  const client = await dialNats({ ...options, inbox: inboxOf(options, options.groups.control[0]) })
  try {
    let rttMs = Number.POSITIVE_INFINITY
    for (let round = 0; round < ROUNDS; round++) {
      const from = clock.now()
      await client.flush()
      rttMs = Math.min(rttMs, clock.now() - from)
    }
    return { server: natsFactsOf(client), rttMs }
  } finally {
    // Not waited for: a server that has just been frozen never lets go.
    void client.close().catch(() => {})
  }
}

/**
 * Does once what a lane does at its start, for all classes of subjects: subscribes, and publishes to itself and to a
 * system that never was. The server has looked at all of it, and said what it refuses, before it answers a flush. Of
 * each class what is missing; nothing of one that works. Throws RT1501 to RT1505.
 */
export async function tryNatsSubjects(
  options: NatsSurveyOptions,
): Promise<ReadonlyMap<NatsSubjectClass, RetakeError>> {
  const { cluster, clock, random, groups } = options
  const faults = new Map<NatsSubjectClass, RetakeError>()
  const lanes = Object.entries(LANES).flatMap(([name, lane]) =>
    groups[name as keyof NatsGroups].map((group) => ({
      name: name as NatsSubjectClass,
      subjects: new NatsSubjects(cluster, lane),
      system: newSystemId(group, random),
      isHeard: false,
    })),
  )
  const [inbox = '', ...others] = groups.control.map((group) => inboxOf(options, group))
  const onPermissionMissing = (error: RetakeError, subject: string) => {
    const lane = lanes.find(({ subjects }) => subject.startsWith(subjects.prefix))
    const name =
      lane?.name ?? ([inbox, ...others].some((one) => subject.startsWith(one)) ? 'inbox' : undefined)
    if (name !== undefined && !faults.has(name)) faults.set(name, error)
  }
  const connection = await NatsConnection.open({ ...options, inbox }, { ...NOBODY, onPermissionMissing })
  try {
    for (const other of others) connection.subscribe(`${other}.*`, () => {})
    for (const lane of lanes) {
      connection.subscribe(lane.subjects.allOf(lane.system), () => {
        lane.isHeard = true
      })
      connection.publish(lane.subjects.selfTestOf(strangerTo(lane.system, random)), NOTHING)
      connection.publish(lane.subjects.selfTestOf(lane.system), NOTHING)
    }
    await connection.flush()
    // A turn later: the client tells refusals with a delay of some microtasks.
    await new Promise<void>((resolve) => clock.soon(resolve))
    for (const { name, subjects, system, isHeard } of lanes) {
      if (!isHeard && !faults.has(name))
        faults.set(name, unheard(subjects.selfTestOf(system), connection.serverUrl))
    }
    return faults
  } finally {
    void connection.close()
  }
}

const NOBODY = {
  onLink() {},
  onNoResponder() {},
  onSeen() {},
  onDrain() {},
  onLameDuck() {},
  onServerWarning() {},
  onEnded() {},
}

function inboxOf({ cluster, random }: NatsSurveyOptions, group: string): string {
  return natsInboxOf(cluster, newSystemId(group, random))
}

function unheard(subject: string, where: string): RetakeError {
  return new RetakeError('RT1501', {
    what: `a message to ourselves on "${subject}" did not come back`,
    why: 'NATS maps or filters this subject',
    fix: 'look for subject mappings, imports and exports of this NATS account',
    where,
  })
}
