import { freePort } from './free-port.js'
import { type Host, THIS_HOST } from './host.js'
import { type JetStreamOptions, type NatsServer, type NatsVersion, startNats } from './nats-server.js'
import { until } from './until.js'

export interface NatsClusterOptions {
  readonly version: NatsVersion
  /** How many, all on this machine as it is; or one on each of these. */
  readonly size: number | readonly Host[]
  /** Of each server, by its place. */
  readonly jetStream?: (index: number) => JetStreamOptions
}

const WHOLE_MS = 60_000
const ASK_MS = 2_000

/** Several nats-servers that are one JetStream. Each has a folder of its own, and is killed, frozen and started by itself. */
export class NatsCluster {
  readonly members: readonly NatsMember[]

  private constructor(members: readonly NatsMember[]) {
    this.members = members
  }

  static async start({ version, size, jetStream }: NatsClusterOptions): Promise<NatsCluster> {
    const hosts = typeof size === 'number' ? Array.from({ length: size }, () => THIS_HOST) : size
    const places = await Promise.all(
      hosts.map(async (host) => ({ host, route: await freePort(), monitor: await freePort() })),
    )
    const routes = places.map(({ host, route }) => `"nats://${host.address}:${route}"`).join(', ')
    const starts = await Promise.allSettled(
      places.map(async ({ host, route, monitor }, index) => {
        const config = `http: "${host.address}:${monitor}"
cluster { name: test, listen: "${host.address}:${route}", routes: [${routes}] }`
        const server = await startNats({ version, host, jetStream: jetStream?.(index) ?? true, config })
        return new NatsMember(server, `http://${host.address}:${monitor}`)
      }),
    )
    const cluster = new NatsCluster(
      starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : [])),
    )
    try {
      for (const start of starts) if (start.status === 'rejected') throw start.reason
      await cluster.untilWhole()
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  get urls(): readonly string[] {
    return this.members.map(({ server }) => server.url)
  }

  get version(): string {
    return this.members[0]?.server.version ?? 'unknown'
  }

  /** Resolves when JetStream has a leader, and every server holds and serves what it should. */
  async untilWhole(timeoutMs = WHOLE_MS): Promise<void> {
    await until(() => this.#isWhole(), {
      what: 'the nats-servers to be one JetStream',
      timeoutMs,
      everyMs: 100,
    })
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map(({ server }) => server.stop()))
  }

  async #isWhole(): Promise<boolean> {
    const ailments = await Promise.all(this.members.map((member) => member.ailment()))
    if (ailments.some((ailment) => ailment !== undefined)) return false
    const followers = await Promise.all(this.members.map((member) => member.followers()))
    return followers.includes(this.members.length - 1)
  }
}

/** One server of a cluster. */
export class NatsMember {
  readonly server: NatsServer
  readonly #monitor: string

  constructor(server: NatsServer, monitor: string) {
    this.server = server
    this.#monitor = monitor
  }

  /** Why its JetStream does not serve all that it should; undefined when it does. */
  async ailment(): Promise<string | undefined> {
    const { status, error } = await this.#tell<{ status: string; error?: string }>('healthz')
    return status === 'ok' ? undefined : (error ?? status)
  }

  /** How many servers keep up with it in what JetStream decides: all others, if it leads. */
  async followers(): Promise<number> {
    const { meta_cluster } = await this.#tell<{
      meta_cluster?: { replicas?: readonly { current: boolean }[] }
    }>('jsz')
    return (meta_cluster?.replicas ?? []).filter(({ current }) => current).length
  }

  async #tell<Answer>(what: 'healthz' | 'jsz'): Promise<Answer> {
    const response = await fetch(`${this.#monitor}/${what}`, { signal: AbortSignal.timeout(ASK_MS) })
    return (await response.json()) as Answer
  }
}
