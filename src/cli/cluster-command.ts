import { type Cluster, ClusterClient, type ClusterClientOptions } from '../../actors/cluster-client.js'
import type { SystemGroup } from '../cluster/protocol.js'
import { type Clock, systemClock } from '../kit/clock.js'
import { type Random, systemRandom } from '../kit/random.js'
import { clusterAddressOf } from './cluster-address.js'
import type { RunCommand } from './command.js'
import { type Controls, processControls } from './controls.js'
import type { ExitCode } from './exit-code.js'
import type { Invocation } from './invocation.js'
import { pinoLogger } from './pino-logger.js'
import type { Terminal } from './terminal.js'
import { whileWaiting } from './waiting.js'

/** The world around a command that uses a cluster, so that a test may be another one. */
export interface ClusterSurroundings {
  readonly clock: Clock
  readonly random: Random
  readonly controls: Controls
  /** Default: client. */
  readonly group?: SystemGroup
  readonly connect: (options: ClusterClientOptions) => Promise<Cluster>
  readonly exitNow: (code: ExitCode) => void
}

/** What such a command works with. */
export interface ClusterScene extends Pick<ClusterSurroundings, 'clock' | 'controls' | 'exitNow'> {
  readonly cluster: Cluster
  /** For people: its name, and where it is. */
  readonly shown: string
  readonly invocation: Invocation
  readonly terminal: Terminal
  /** Has the terminal say what is waited for, when it takes long. */
  readonly waiting: <T>(what: string, work: Promise<T>) => Promise<T>
}

export type ClusterCommand = (scene: ClusterScene) => Promise<ExitCode>

/** As what a command is heard there. */
export type GroupOf = (invocation: Invocation) => SystemGroup

/** Of one that changes nothing. */
export const LOOKS: GroupOf = () => 'observer'

/** A command that connects to the cluster that its options name, and leaves it however it ends. */
export function clusterCommand(command: ClusterCommand, groupOf: GroupOf = () => 'client'): RunCommand {
  return (invocation, terminal) =>
    runOnCluster(command, invocation, terminal, {
      group: groupOf(invocation),
      clock: systemClock,
      random: systemRandom,
      controls: processControls(),
      connect: (options) => ClusterClient.connect(options),
      exitNow: (code) => process.exit(code),
    })
}

export async function runOnCluster(
  command: ClusterCommand,
  invocation: Invocation,
  terminal: Terminal,
  { clock, random, controls, group = 'client', connect, exitNow }: ClusterSurroundings,
): Promise<ExitCode> {
  const { cluster: name, nats, shown } = clusterAddressOf(invocation)
  const logger = pinoLogger({
    level: 'error',
    format: 'text',
    write: (line) => terminal.talk(line.trimEnd()),
  })
  const waiting = <T>(what: string, work: Promise<T>) => whileWaiting(work, what, { terminal, clock })
  const cluster = await waiting(
    `connecting to ${shown}`,
    connect({ nats, cluster: name, group, clock, random, logger }),
  )
  try {
    return await command({ cluster, shown, invocation, terminal, waiting, clock, controls, exitNow })
  } finally {
    await cluster.close()
  }
}

export function isJson(invocation: Invocation): boolean {
  return invocation.text('output') === 'json'
}
