import { newSystemId } from '../actor/address.js'
import type { NatsOptions } from '../actor/transport/nats-client.js'
import { natsInboxOf } from '../actor/transport/nats-subjects.js'
import { JETSTREAM_API, JetStreamConnection, type StreamNeeds } from '../checkpoint/jetstream-connection.js'
import { bucketNeeds } from '../checkpoint/jetstream-objects.js'
import { assert } from '../kit/assert.js'
import { isToken } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { StateStoreSurroundings, StateStoreUser } from './open-state-store.js'
import { GROUP_OF } from './protocol.js'

/** What a cluster has in JetStream, by name. */

export interface JetStreamOptions extends StateStoreSurroundings {
  readonly nats: NatsOptions
  readonly cluster: string
  readonly user: StateStoreUser
}

/** Throws RT1501 to RT1505, and RT1518 without JetStream. */
export function connectJetStream(options: JetStreamOptions): Promise<JetStreamConnection> {
  const { nats, cluster, user, name, clock, random, logger, onEnded } = options
  assert(isToken(cluster), 'a cluster has a token for its name', { cluster })
  const inbox = natsInboxOf(cluster, newSystemId(GROUP_OF[user], random))
  const told = onEnded === undefined ? {} : { onEnded }
  return JetStreamConnection.open({ ...nats, name, inbox, clock, random, logger, ...told })
}

/** Nothing of a log goes but by newer entries of the same run: not by age, nor by what other runs write. */
export function logNeeds(cluster: string): StreamNeeds {
  return {
    name: logStreamOf(cluster),
    config: {
      subjects: [logSubjectOf(cluster, '*')],
      retention: 'limits',
      storage: 'file',
      max_age: 0,
      max_msgs: -1,
      max_bytes: -1,
      max_msgs_per_subject: LIMITS.logEntriesKept,
      discard: 'old',
    },
  }
}

export function logStreamOf(cluster: string): string {
  return `retake_${cluster}_log`
}

export function logSubjectOf(cluster: string, run: string): string {
  return `rt.${cluster}.log.${run}`
}

/** The object store of blobs and documents; and, a stream of its own, the key-value bucket of the lease. */
export function bucketOf(cluster: string): string {
  return `retake_${cluster}`
}

/** The key-value bucket of the lease, as `nats kv` would make it. What it keeps besides the newest lease is of no use. */
export function leaseNeeds(cluster: string): StreamNeeds {
  return {
    name: leaseStreamOf(cluster),
    config: {
      subjects: [`$KV.${bucketOf(cluster)}.>`],
      retention: 'limits',
      storage: 'file',
      max_age: 0,
    },
    whenMade: {
      max_msgs_per_subject: 1,
      discard: 'new',
      allow_rollup_hdrs: true,
      deny_delete: true,
      allow_direct: true,
    },
  }
}

export function leaseStreamOf(cluster: string): string {
  return `KV_${bucketOf(cluster)}`
}

export function leaseSubjectOf(cluster: string): string {
  return `$KV.${bucketOf(cluster)}.leader`
}

// What its users do there, by subject.

/** Where a user publishes what it keeps. */
export function publishedBy(user: StateStoreUser, cluster: string): readonly string[] {
  const streams = [bucketNeeds(bucketOf(cluster))]
  if (user === 'job-manager') streams.push(logNeeds(cluster), leaseNeeds(cluster))
  return streams.flatMap(({ config }) => config['subjects'] as readonly string[])
}

/** What a user asks JetStream for. */
export function apiUsedBy(user: StateStoreUser, cluster: string): readonly string[] {
  const [log, objects, lease] = [
    logStreamOf(cluster),
    bucketNeeds(bucketOf(cluster)).name,
    leaseStreamOf(cluster),
  ]
  const asks = [
    'INFO',
    ...[log, objects].map((stream) => `STREAM.INFO.${stream}`),
    ...['STREAM.MSG.GET', 'DIRECT.GET', 'STREAM.MSG.DELETE', 'STREAM.PURGE'].map(
      (verb) => `${verb}.${objects}`,
    ),
  ]
  if (user === 'job-manager') {
    asks.push(`STREAM.INFO.${lease}`)
    asks.push(...[log, lease].map((stream) => `STREAM.MSG.GET.${stream}`))
    asks.push(...[log, objects, lease].map((stream) => `STREAM.CREATE.${stream}`))
  }
  return asks.map((ask) => `${JETSTREAM_API}.${ask}`)
}
