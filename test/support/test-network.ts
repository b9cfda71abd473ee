import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { findProgram, mustRun, run } from './command.js'
import type { Host } from './host.js'

/** How packets that leave a host are made late: netem says by how much; tbf makes a narrow link, whose queue does it. */
type Slowness = 'netem' | 'tbf'

const SLOW: Record<Slowness, readonly string[]> = {
  netem: ['netem', 'delay', '60ms', '20ms'],
  // Small packets count as full ones, so the number of packets makes the queue, and it may become 300 ms long.
  tbf: ['tbf', 'rate', '2mbit', 'burst', '3000', 'mpu', '1500', 'latency', '300ms'],
}

/** Names begin so and go on with the process that made them: what a dead process left behind is told by that. */
const PREFIX = 'rtk'
const NAMESPACES = '/run/netns'
/** Nobody has it: a frame that is sent there is dropped by all who see it. */
const TO_NOBODY = ['lladdr', '02:00:00:00:00:01', 'nud', 'permanent']

/**
 * Hosts with links between them that a test can cut and slow down: each a network namespace, all on one bridge, where
 * this process is too and reaches everyone whatever is cut. A cut is silent, as a dead switch is: the other's address
 * leads to a network card that is nobody's, so connections stay, and what is sent is sent again until the cut is mended.
 *
 * It takes root and iproute2. What a killed process left behind is removed by the next one.
 */
export class TestNetwork {
  /** Why links cannot be slowed down here; undefined when they can. */
  readonly whyNotSlow: string | undefined
  readonly #bridge: string
  readonly #hosts: ReadonlyMap<string, Host>
  readonly #slowness: Slowness | undefined
  readonly #onExit = () => this.#removeNow()

  private constructor(bridge: string, hosts: ReadonlyMap<string, Host>, slowness: Slowness | undefined) {
    this.#bridge = bridge
    this.#hosts = hosts
    this.#slowness = slowness
    this.whyNotSlow =
      slowness === undefined ? 'this kernel has neither netem nor tbf, or there is no tc' : undefined
    process.once('exit', this.#onExit)
  }

  /** Why there can be none here; undefined when there can. */
  static async whyNot(): Promise<string | undefined> {
    if (process.platform !== 'linux') return 'network namespaces are of Linux'
    if (process.getuid?.() !== 0) return 'only root may make network namespaces'
    if (findProgram('ip') === undefined || findProgram('nsenter') === undefined)
      return 'there is no ip (iproute2), or no nsenter'
    try {
      const network = await TestNetwork.create(['probe'])
      network.remove()
      return undefined
    } catch (error) {
      return `network namespaces cannot be made: ${(error as Error).message}`
    }
  }

  static async create(names: readonly string[]): Promise<TestNetwork> {
    removeLeftOvers()
    const bridge = `${PREFIX}${process.pid}`
    const subnet = await freeSubnet()
    const hosts = new Map<string, Host>()
    try {
      await ip('link', 'add', bridge, 'type', 'bridge')
      await ip('address', 'add', `${subnet}.254/24`, 'dev', bridge)
      await ip('link', 'set', bridge, 'up')
      for (const [index, name] of names.entries()) {
        const address = `${subnet}.${index + 1}`
        await join(bridge, name, address, index)
        hosts.set(name, hostIn(namespaceOf(bridge, name), name, address))
      }
      return new TestNetwork(bridge, hosts, await slownessOf(namespaceOf(bridge, names[0] ?? '')))
    } catch (error) {
      remove(bridge, names)
      throw error
    }
  }

  /** What makes links slow here, for people. */
  get slowness(): string {
    if (this.#slowness === undefined) return 'none'
    return this.#slowness === 'netem'
      ? 'netem, 60 ± 20 ms'
      : 'tbf, a queue of up to 300 ms (there is no netem)'
  }

  host(name: string): Host {
    const host = this.#hosts.get(name)
    if (host === undefined) throw new Error(`there is no host ${name}`)
    return host
  }

  /** Nothing that one sends reaches the other, until `mend`. */
  async cut(one: string, others: readonly string[]): Promise<void> {
    await Promise.all(
      others.flatMap((other) => [
        ip('-n', this.#namespace(one), 'neighbour', 'replace', ...this.#entry(other), ...TO_NOBODY),
        ip('-n', this.#namespace(other), 'neighbour', 'replace', ...this.#entry(one), ...TO_NOBODY),
      ]),
    )
  }

  async mend(one: string, others: readonly string[]): Promise<void> {
    await Promise.all(
      others.flatMap((other) => [
        ip('-n', this.#namespace(one), 'neighbour', 'delete', ...this.#entry(other)),
        ip('-n', this.#namespace(other), 'neighbour', 'delete', ...this.#entry(one)),
      ]),
    )
  }

  /** Everybody else. */
  othersThan(name: string): readonly string[] {
    return [...this.#hosts.keys()].filter((other) => other !== name)
  }

  /** What the host sends is late, until `hasten`. */
  async slow(name: string): Promise<void> {
    if (this.#slowness === undefined) throw new Error(this.whyNotSlow)
    await mustRun('tc', ['-n', this.#namespace(name), ...ROOT_QDISC('add'), ...SLOW[this.#slowness]])
  }

  async hasten(name: string): Promise<void> {
    await mustRun('tc', ['-n', this.#namespace(name), ...ROOT_QDISC('delete')])
  }

  /** The processes in it have ended, or lose their network with it. */
  remove(): void {
    process.off('exit', this.#onExit)
    this.#removeNow()
  }

  #removeNow(): void {
    remove(this.#bridge, [...this.#hosts.keys()])
  }

  #namespace(name: string): string {
    return namespaceOf(this.#bridge, this.host(name).name)
  }

  #entry(name: string): readonly string[] {
    return [this.host(name).address, 'dev', 'eth0']
  }
}

const ROOT_QDISC = (verb: 'add' | 'delete') => ['qdisc', verb, 'dev', 'eth0', 'root']

function namespaceOf(bridge: string, name: string): string {
  return `${bridge}-${name}`
}

function hostIn(namespace: string, name: string, address: string): Host {
  return {
    name,
    address,
    launch({ program, args, uid, gid }) {
      const account = uid === undefined || gid === undefined ? [] : ['-G', String(gid), '-S', String(uid)]
      return {
        program: 'nsenter',
        args: [`--net=${NAMESPACES}/${namespace}`, ...account, '--', program, ...args],
      }
    },
  }
}

/** Makes a namespace with one network card, and plugs it into the bridge. */
async function join(bridge: string, name: string, address: string, index: number): Promise<void> {
  const namespace = namespaceOf(bridge, name)
  const plug = `${bridge}-${index}`
  await ip('netns', 'add', namespace)
  await ip('link', 'add', plug, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace)
  await ip('link', 'set', plug, 'master', bridge, 'up')
  await ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0')
  await ip('-n', namespace, 'link', 'set', 'eth0', 'up')
  await ip('-n', namespace, 'link', 'set', 'lo', 'up')
}

async function slownessOf(namespace: string): Promise<Slowness | undefined> {
  for (const slowness of ['netem', 'tbf'] as const) {
    const { code } = await run('tc', ['-n', namespace, ...ROOT_QDISC('add'), ...SLOW[slowness]])
    if (code !== 0) continue
    await run('tc', ['-n', namespace, ...ROOT_QDISC('delete')])
    return slowness
  }
  return undefined
}

/** The first three numbers of 256 addresses to which no route of this machine leads by itself. */
async function freeSubnet(): Promise<string> {
  const routes = await mustRun('ip', ['-4', 'route', 'show', 'table', 'all'])
  for (let i = 0; i < 256; i++) {
    const subnet = `10.213.${(process.pid + i) % 256}`
    if (!routes.includes(`${subnet}.`)) return subnet
  }
  throw new Error('all of 10.213.0.0/16 is taken')
}

function ip(...args: readonly string[]): Promise<string> {
  return mustRun('ip', args)
}

/** At once and without a promise: it also happens while this process ends. */
function remove(bridge: string, names: readonly string[]): void {
  for (const name of names) quietly('netns', 'delete', namespaceOf(bridge, name))
  for (const [index] of names.entries()) quietly('link', 'delete', `${bridge}-${index}`)
  quietly('link', 'delete', bridge)
}

/** What is left of processes that were killed. */
function removeLeftOvers(): void {
  const named = new RegExp(`^${PREFIX}(\\d+)(-.*)?$`)
  for (const [folder, kind] of [
    [NAMESPACES, 'netns'],
    ['/sys/class/net', 'link'],
  ] as const) {
    if (!existsSync(folder)) continue
    for (const name of readdirSync(folder)) {
      const pid = named.exec(name)?.[1]
      if (pid !== undefined && !existsSync(`/proc/${pid}`)) quietly(kind, 'delete', name)
    }
  }
}

function quietly(...args: readonly string[]): void {
  try {
    execFileSync('ip', args, { stdio: 'ignore' })
  } catch {
    // it is not there
  }
}
