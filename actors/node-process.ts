import { within } from '#src/actor/transport/deadline.js'
import type { NatsOptions } from '#src/actor/transport/nats-client.js'
import { assertNever } from '#src/kit/assert.js'
import type { Clock } from '#src/kit/clock.js'
import { type ErrorInfo, errorInfoOf, isCurable } from '#src/kit/errors.js'
import type { NodeId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import type { Random } from '#src/kit/random.js'
import type { NodeRole } from './cluster-view.js'
import { Node, type NodeNews } from './node.js'
import type { HostOf } from './node-host.js'
import type { ProcessMeters } from './task-manager.js'

export interface NodeProcessOptions {
  readonly name: string
  readonly roles: readonly NodeRole[]
  readonly slots: number
  readonly labels: Readonly<Record<string, string>>
  readonly nats: NatsOptions
  readonly cluster: string
  /** Undefined: JetStream. */
  readonly stateDirectory: string | undefined
  readonly heartbeatTimeoutMs: number
  readonly slotRequestMs: number
  /** Where its incarnations live. Default: in this process. */
  readonly host?: HostOf
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly onEvent: (event: NodeEvent) => void
}

/** What happens to a node, for whoever looks at its terminal. */
export type NodeEvent =
  /** It is not part of the cluster yet, or has lost touch; `reason` is for people. */
  | { readonly type: 'waiting'; readonly reason: string }
  | { readonly type: 'ready'; readonly node: NodeId; readonly tookMs: number }
  /** The job manager answers again. */
  | { readonly type: 'back' }
  /** It directs the jobs of the cluster from now on; or `leader` does, and this one stands by. */
  | { readonly type: 'leads' }
  | { readonly type: 'stands-by'; readonly leader: string }
  /** It was taken for dead, or heard nobody: what it ran is stopped, and it comes back as another incarnation. */
  | { readonly type: 'lost'; readonly reason: LossReason }
  | { readonly type: 'warning'; readonly error: ErrorInfo }
  | { readonly type: 'draining'; readonly held: number }
  | { readonly type: 'drained'; readonly tookMs: number }

/** Taken for dead; unanswered for too long. */
export type LossReason = 'evicted' | 'fenced'

export interface RunningNode {
  /** Opens no slot any more, lets its jobs move, and says goodbye. */
  drain(): Promise<void>
  /** Lets go of everything at once, and says nothing to anybody. */
  kill(): void
  /** Resolves when it has ended, with what it could not go on for. */
  readonly ended: Promise<ErrorInfo | undefined>
}

/** Resolves when its first incarnation stands; 'ready' tells when the cluster has taken it in. */
export async function startNodeProcess(options: NodeProcessOptions): Promise<RunningNode> {
  const node = new NodeProcess(options)
  await node.start()
  return node
}

/** One node after the other, each an incarnation, for as long as the process is to belong to its cluster. */
class NodeProcess implements RunningNode {
  readonly ended: Promise<ErrorInfo | undefined>
  readonly #options: NodeProcessOptions
  readonly #meters: ProcessMeters = { fencedWrites: 0 }
  #resolve!: (error: ErrorInfo | undefined) => void
  #node: Node | undefined
  #startedAt = 0
  /** The cluster has taken its incarnation in, perhaps before that stood. */
  #isRegistered = false
  #isLeaving = false
  /** Its incarnation was lost before it stood. */
  #loss: LossReason | undefined
  /** What it cannot go on for. */
  #failure: ErrorInfo | undefined

  constructor(options: NodeProcessOptions) {
    this.#options = options
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  async start(): Promise<void> {
    const { name, roles, slots, labels, nats, cluster, stateDirectory } = this.#options
    const { heartbeatTimeoutMs, slotRequestMs, host, clock, random, logger } = this.#options
    this.#startedAt = clock.now()
    this.#isRegistered = false
    this.#loss = undefined
    const node = await Node.start({
      name,
      roles,
      slots,
      labels,
      cluster: { name: cluster, nats },
      stateDirectory,
      heartbeatTimeoutMs,
      slotRequestMs,
      ...(host !== undefined && { host }),
      clock,
      random,
      logger,
      meters: this.#meters,
      onNews: (news) => this.#onNews(news),
      onFatal: (error) => void this.#fail(errorInfoOf(error)),
    })
    this.#node = node
    if (this.#failure !== undefined) await this.#fail(this.#failure)
    else if (this.#loss !== undefined) void this.#comeBack(this.#loss)
    else if (this.#isRegistered || !roles.includes('task-manager')) this.#ready(node)
  }

  kill(): void {
    this.#isLeaving = true
    void this.#node?.kill()
  }

  async drain(): Promise<void> {
    const { clock, onEvent } = this.#options
    const startedAt = clock.now()
    this.#isLeaving = true
    const { logger } = this.#options
    // Leaving without what it could not do costs only that more is read again.
    await this.#node
      ?.drain()
      .catch((error) => logger.warn({ error: errorInfoOf(error) }, 'it leaves undrained'))
    await this.#node?.stop()
    onEvent({ type: 'drained', tookMs: clock.now() - startedAt })
    this.#end(undefined)
  }

  #ready(node: Node): void {
    const { clock, onEvent } = this.#options
    onEvent({ type: 'ready', node: node.id, tookMs: clock.now() - this.#startedAt })
  }

  #onNews(news: NodeNews): void {
    switch (news.type) {
      case 'registered':
        this.#isRegistered = true
        return this.#node === undefined ? undefined : this.#ready(this.#node)
      case 'lost':
        return void this.#comeBack(news.reason)
      case 'refused':
        return void this.#fail(news.error)
      case 'leads':
      case 'stands-by':
      case 'waiting':
      case 'back':
      case 'warning':
      case 'draining':
        return this.#options.onEvent(news)
      default:
        assertNever(news)
    }
  }

  /** Lets go of everything first, or the process could not end. A server that is frozen is not waited for. */
  async #fail(error: ErrorInfo): Promise<void> {
    this.#failure = error
    this.#isLeaving = true
    const { clock } = this.#options
    const kill = this.#node?.kill() ?? Promise.resolve()
    await within(clock, LIMITS.stopMs, kill, () => new Error('it takes too long')).catch(() => {})
    this.#end(error)
  }

  async #comeBack(reason: LossReason): Promise<void> {
    const lost = this.#node
    this.#loss = reason
    if (lost === undefined) return
    this.#node = undefined
    this.#options.onEvent({ type: 'lost', reason })
    // What the threads of a task manager have to say last is heard first.
    await this.#pause(LIMITS.fenceGraceMs)
    await lost.kill()
    await this.#startAgain()
  }

  /** What kept the last incarnation from being heard may go on for a while. */
  async #startAgain(): Promise<void> {
    let waitsFor: string | undefined
    for (;;) {
      if (this.#isLeaving) return this.#end(undefined)
      try {
        return await this.start()
      } catch (thrown) {
        const error = errorInfoOf(thrown)
        if (!isCurable(error)) return this.#fail(error)
        const reason = error.what ?? error.message
        if (reason !== waitsFor) this.#options.onEvent({ type: 'waiting', reason })
        waitsFor = reason
        await this.#pause(LIMITS.heartbeatMs)
      }
    }
  }

  #end(error: ErrorInfo | undefined): void {
    this.#resolve(error)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(ms, resolve))
  }
}
