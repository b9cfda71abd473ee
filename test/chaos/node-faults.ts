import type { Random } from '#src/kit/random.js'
import type { ChaosCluster } from './chaos-cluster.js'
import { type Blow, drawMs, type FaultKind, inSeconds, pick } from './fault-kind.js'
import type { KeptNode } from './kept-node.js'

type Choice = (cluster: ChaosCluster, random: Random) => Promise<KeptNode>

const aTaskManager: Choice = async (cluster, random) => pick(random, await cluster.used())
const theLeader: Choice = (cluster) => cluster.leader()
const aStandby: Choice = (cluster) => cluster.standby()

/** Less than any node may be silent for, and so long that it is dead to all others. */
const MOMENT = { fromMs: 500, toMs: 3_000 }
/** What a lead outlasts, and not a lease. */
const A_WHILE = { fromMs: 3_000, toMs: 5_000 }

interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** What happens to nodes. */
export function nodeFaults(heartbeatTimeoutMs: number): readonly FaultKind[] {
  const pastDeath: Span = { fromMs: heartbeatTimeoutMs + 1_000, toMs: heartbeatTimeoutMs + 4_000 }
  return [
    { name: 'a task manager is killed', family: 'killed', weight: 3, strike: killed(aTaskManager) },
    { name: 'the leading job manager is killed', family: 'killed', weight: 2, strike: killed(theLeader) },
    {
      name: 'a standby job manager is killed',
      family: 'killed',
      weight: 1,
      needsStandby: true,
      strike: killed(aStandby),
    },
    {
      name: 'a task manager stands still for a moment',
      family: 'frozen',
      weight: 2,
      strike: frozen(aTaskManager, MOMENT),
    },
    {
      name: 'a task manager stands still past its death',
      family: 'frozen',
      weight: 1,
      strike: frozen(aTaskManager, pastDeath),
    },
    {
      name: 'the leading job manager stands still',
      family: 'frozen',
      weight: 1,
      strike: frozen(theLeader, A_WHILE),
    },
    {
      name: 'a task manager is cut off for a moment',
      family: 'cut off',
      weight: 1,
      needs: 'network',
      strike: cutOff(aTaskManager, MOMENT),
    },
    {
      name: 'a task manager is cut off past its death',
      family: 'cut off',
      weight: 1,
      needs: 'network',
      strike: cutOff(aTaskManager, pastDeath),
    },
    {
      name: 'the leading job manager is cut off',
      family: 'cut off',
      weight: 1,
      needs: 'network',
      strike: cutOff(theLeader, A_WHILE),
    },
    {
      name: 'the links of a task manager are slow',
      family: 'slow',
      weight: 1,
      needs: 'slow links',
      strike: slowed(aTaskManager),
    },
    { name: 'all nodes are restarted in turn', family: 'restarted', weight: 1, strike: restartedInTurn },
  ]
}

/** As whatever watches over it would, its process is started again at once. */
function killed(choose: Choice): FaultKind['strike'] {
  return async (cluster, random): Promise<Blow> => {
    const node = await choose(cluster, random)
    await node.kill()
    return { target: `${node.name}, kill -9`, holdMs: 0, heal: () => node.start() }
  }
}

function frozen(choose: Choice, { fromMs, toMs }: Span): FaultKind['strike'] {
  return async (cluster, random): Promise<Blow> => {
    const node = await choose(cluster, random)
    const holdMs = drawMs(random, fromMs, toMs)
    await node.process.freeze()
    return {
      target: `${node.name}, SIGSTOP for ${inSeconds(holdMs)}`,
      holdMs,
      heal: async () => node.process.thaw(),
    }
  }
}

function cutOff(choose: Choice, { fromMs, toMs }: Span): FaultKind['strike'] {
  return async (cluster, random): Promise<Blow> => {
    const { network } = cluster.hosts
    const { name } = await choose(cluster, random)
    const others = network.othersThan(name)
    const holdMs = drawMs(random, fromMs, toMs)
    await network.cut(name, others)
    return {
      target: `${name}, from all for ${inSeconds(holdMs)}`,
      holdMs,
      heal: () => network.mend(name, others),
    }
  }
}

function slowed(choose: Choice): FaultKind['strike'] {
  return async (cluster, random): Promise<Blow> => {
    const { network } = cluster.hosts
    const { name } = await choose(cluster, random)
    await network.slow(name)
    return { target: `${name}, for 5 s`, holdMs: 5_000, heal: () => network.hasten(name) }
  }
}

/** Each in good order, when the one before is back; whoever leads last. */
async function restartedInTurn(cluster: ChaosCluster): Promise<Blow> {
  const leader = await cluster.leader()
  const others = cluster.nodes.filter((node) => node !== leader)
  for (const node of [...others, leader]) {
    await node.leave()
    await node.start()
    await cluster.untilWhole()
  }
  return { target: `${cluster.nodes.length} nodes, SIGTERM`, holdMs: 0, heal: async () => {} }
}
