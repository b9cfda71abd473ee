import { connect } from 'nats'
import type { Random } from '#src/kit/random.js'
import type { ServerControl } from '../support/server-process.js'
import { until } from '../support/until.js'
import { type ChaosCluster, NATS_HOSTS } from './chaos-cluster.js'
import { type Blow, drawMs, type FaultKind, inSeconds, pick } from './fault-kind.js'

/** What happens to the servers that the nodes stand on. */
export const SERVER_FAULTS: readonly FaultKind[] = [
  { name: 'a nats-server is killed', family: 'killed', weight: 2, strike: natsKilled },
  { name: 'a nats-server is restarted', family: 'restarted', weight: 1, strike: natsRestarted },
  { name: 'a nats-server stands still', family: 'frozen', weight: 1, strike: natsFrozen },
  {
    name: 'a nats-server is cut off from the others',
    family: 'cut off',
    weight: 1,
    needs: 'network',
    strike: natsCutOff,
  },
  {
    name: 'the links of a nats-server are slow',
    family: 'slow',
    weight: 1,
    needs: 'slow links',
    strike: natsSlowed,
  },
  { name: 'the checkpoint store is full', family: 'full', weight: 1, strike: storeFull },
  {
    name: 'the disk of a nats-server is full',
    family: 'full',
    weight: 1,
    needs: 'small disks',
    strike: diskFull,
  },
  { name: 'PostgreSQL is restarted', family: 'restarted', weight: 2, strike: postgresRestarted },
  { name: 'PostgreSQL is killed', family: 'killed', weight: 1, strike: postgresKilled },
  { name: 'Kafka is restarted', family: 'restarted', weight: 1, strike: kafkaRestarted },
]

async function natsKilled(cluster: ChaosCluster, random: Random): Promise<Blow> {
  const { name, server } = aMember(cluster, random)
  const holdMs = drawMs(random, 0, 2_000)
  await server.kill()
  return { target: `${name}, kill -9, away for ${inSeconds(holdMs)}`, holdMs, heal: () => server.restart() }
}

async function natsRestarted(cluster: ChaosCluster, random: Random): Promise<Blow> {
  const { name, server } = aMember(cluster, random)
  await server.halt()
  return { target: `${name}, SIGTERM`, holdMs: 0, heal: () => server.restart() }
}

async function natsFrozen(cluster: ChaosCluster, random: Random): Promise<Blow> {
  const { name, server } = aMember(cluster, random)
  const holdMs = drawMs(random, 2_000, 6_000)
  server.freeze()
  return { target: `${name}, SIGSTOP for ${inSeconds(holdMs)}`, holdMs, heal: async () => server.thaw() }
}

/** The nodes go on reaching it: for a while it and the others hold different leaders for alive. */
async function natsCutOff(cluster: ChaosCluster, random: Random): Promise<Blow> {
  const { network } = cluster.hosts
  const { name } = aMember(cluster, random)
  const others = NATS_HOSTS.filter((other) => other !== name)
  const holdMs = drawMs(random, 2_000, 8_000)
  await network.cut(name, others)
  return {
    target: `${name}, for ${inSeconds(holdMs)}`,
    holdMs,
    heal: () => network.mend(name, others),
  }
}

async function natsSlowed(cluster: ChaosCluster, random: Random): Promise<Blow> {
  const { network } = cluster.hosts
  const { name } = aMember(cluster, random)
  await network.slow(name)
  return { target: `${name}, for 5 s`, holdMs: 5_000, heal: () => network.hasten(name) }
}

const BALLAST = 'ballast'
/** JetStream may have to elect somebody before it deletes a stream. */
const ROOM_MS = 30_000

/** Somebody else's stream takes all that JetStream may take, on every server; then it is deleted. */
async function storeFull(cluster: ChaosCluster, random: Random): Promise<Blow> {
  const servers = [...cluster.nats.urls]
  const holdMs = drawMs(random, 2_000, 4_000)
  const connection = await connect({ servers })
  const manager = await connection.jetstreamManager()
  await manager.streams.add({ name: BALLAST, subjects: [BALLAST], num_replicas: servers.length })
  let pieces = 0
  let at = 0
  try {
    for (;;) {
      at = Date.now()
      await connection.jetstream().publish(BALLAST, new Uint8Array(512 * 1_024))
      pieces++
    }
  } catch {
    // full
  }
  return {
    target: `all nats-servers, for ${inSeconds(holdMs)}, with ${pieces / 2} MB of somebody else's`,
    at,
    holdMs,
    async heal() {
      await until(() => manager.streams.delete(BALLAST), { what: 'room', timeoutMs: ROOM_MS, everyMs: 200 })
      await connection.close()
    },
  }
}

/** A server that has met a full disk keeps nothing more, though there be room again, until it is restarted (2.15.1). */
async function diskFull(cluster: ChaosCluster, random: Random): Promise<Blow> {
  const { name, server } = aMember(cluster, random)
  const disk = cluster.disks.disk(name)
  if (disk === undefined) throw new Error(`${name} has no disk of its own`)
  const holdMs = drawMs(random, 3_000, 6_000)
  disk.fill()
  return {
    target: `${name}, for ${inSeconds(holdMs)}, then room is made and it is restarted`,
    holdMs,
    async heal() {
      disk.makeRoom()
      await server.restart()
    },
  }
}

async function postgresRestarted({ postgres }: ChaosCluster, random: Random): Promise<Blow> {
  return taken(postgres, () => postgres.halt(), 'a fast shutdown', drawMs(random, 0, 2_000))
}

async function postgresKilled({ postgres }: ChaosCluster): Promise<Blow> {
  return taken(postgres, () => postgres.kill(), 'kill -9 of all its processes', 0)
}

async function kafkaRestarted({ kafka }: ChaosCluster): Promise<Blow> {
  return taken(kafka, () => kafka.halt(), 'SIGTERM', 0)
}

async function taken(
  server: ServerControl,
  down: () => Promise<void>,
  how: string,
  holdMs: number,
): Promise<Blow> {
  await down()
  return {
    target: `${how}, away for ${inSeconds(holdMs)} and its start`,
    holdMs,
    heal: () => server.restart(),
  }
}

function aMember({ nats }: ChaosCluster, random: Random) {
  const name = pick(random, NATS_HOSTS)
  const member = nats.members[NATS_HOSTS.indexOf(name)]
  if (member === undefined) throw new Error(`there is no ${name}`)
  return { name, server: member.server }
}
