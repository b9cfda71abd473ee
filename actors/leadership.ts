import type {
  Actor,
  ActorContext,
  ActorRef,
  Answer,
  Asks,
  ExitReason,
  Outcome,
  ReplyTo,
} from '#src/actor/actor.js'
import { Candidate, type LeaseStep } from '#src/cluster/candidate.js'
import type { Lease, LeaseHolder, LeaseStore } from '#src/cluster/lease.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import { assertNever } from '#src/kit/assert.js'
import { type ErrorInfo, errorInfoOf, errorOf, isCurable } from '#src/kit/errors.js'
import type { SystemId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import type { JobManager, JobManagerMessage } from './job-manager.js'
import type { HeartbeatAnswer, StandbyAlive } from './resource-manager.js'
import { JOB_MANAGER, LEADING_RESOURCE_MANAGER, leadershipOf } from './role-addresses.js'

/** What the leadership of a node hears, and from whom. */
export type LeadershipMessage =
  // its node
  | AwaitLeader
  | Resign
  // whoever has taken the lease from it; repeated until answered
  | Superseded
  // its own steps
  | { readonly type: 'look' }
  | { readonly type: 'read'; readonly outcome: Outcome<Lease | undefined> }
  | { readonly type: 'written'; readonly outcome: Outcome<number | 'taken'> }
  | { readonly type: 'released' }
  | { readonly type: 'take-name' }
  | { readonly type: 'named'; readonly outcome: Outcome<void> }
  | { readonly type: 'heartbeat-due' }
  | { readonly type: 'heartbeat-answered'; readonly answer: Answer<HeartbeatAnswer> }
  | { readonly type: 'told' }
  // its child
  | { readonly type: 'job-manager-ended'; readonly reason: ExitReason }

/** Answered once there is a leader that answers: this one, or another. */
export type AwaitLeader = { readonly type: 'await-leader' } & Asks<Standing>

/** It leads no more, and lets others lead at once. */
export type Resign = { readonly type: 'resign' } & Asks<'resigned'>

export type Superseded = { readonly type: 'superseded'; readonly revision: number } & Asks<'ok'>

export type Standing = 'leads' | 'stands-by'

/** What a node's process hears of it. */
export type LeadershipNews =
  | { readonly type: 'leads' }
  /** `leader`: its name. */
  | { readonly type: 'stands-by'; readonly leader: string }
  | { readonly type: 'refused'; readonly error: ErrorInfo }

export interface LeadershipOptions {
  readonly own: NodeInfo
  readonly system: SystemId
  /** Undefined: it stands alone, and leads. */
  readonly lease: LeaseStore | undefined
  /** A fresh one each time that it comes to lead, under a term that is higher than all before it. */
  readonly jobManager: (term: number) => JobManager
  /** Has the node found as the one who leads, and no longer. */
  readonly takeName: () => Promise<void>
  readonly dropName: () => void
  readonly residentBytes: () => number
  readonly wallTime: () => number
  readonly logger: Logger
  /** In a turn of its own. */
  readonly onNews: (news: LeadershipNews) => void
}

/** Whoever is dead, or stands still, hears it when it goes on: by then it is old news. */
const TELL = { timeoutMs: 10_000, repeatMs: 500 }

/**
 * Of the nodes that may lead a cluster one does, and has a job manager; the others stand by. `Candidate` decides by the
 * lease which it is. Two may lead for a while, when one of them does not know yet that it was replaced: what each may
 * decide of a job is settled by the job's log.
 */
export class Leadership implements Actor<LeadershipMessage> {
  readonly #options: LeadershipOptions
  readonly #candidate: Candidate
  #ctx!: ActorContext<LeadershipMessage>
  #jobManager: { readonly ref: ActorRef<JobManagerMessage>; isEnding: boolean } | undefined
  /** A read or a write of the lease is under way. */
  #isAsking = false
  /** The name under which the leader is found is ours. */
  #isNamed = false
  /** Whom its node was last told of. */
  #told: string | undefined
  #hasLeft = false
  /** What it can neither lead nor stand by for. */
  #refusal: ErrorInfo | undefined
  /** Its node, which asks again and again: for a leader, for the end of its own leadership. */
  #waiting: ReplyTo<unknown> | undefined
  #resigning: ReplyTo<unknown> | undefined

  constructor(options: LeadershipOptions) {
    this.#options = options
    this.#candidate = new Candidate(options.system)
  }

  start(ctx: ActorContext<LeadershipMessage>): void {
    this.#ctx = ctx
    if (this.#options.lease === undefined) return this.#lead()
    this.#look()
    this.#beat()
  }

  /** Also when it has failed: the one that is started in its place may not lead. */
  stop(): void {
    if (this.#options.lease !== undefined) this.#options.dropName()
  }

  describe(): string {
    return this.#isLeading ? 'leads' : 'stands by'
  }

  receive(message: LeadershipMessage, ctx: ActorContext<LeadershipMessage>): void {
    switch (message.type) {
      case 'await-leader':
        this.#waiting = ctx.asker
        return this.#answerWaiting()
      case 'resign':
        this.#resigning = ctx.asker
        return this.#resign()
      case 'superseded':
        ctx.reply('ok')
        this.#candidate.onSuperseded(message.revision)
        return this.#look()
      case 'look':
        return this.#look()
      case 'read':
        this.#isAsking = false
        if (message.outcome.ok) this.#candidate.onRead(message.outcome.value, ctx.now())
        return this.#settle(message.outcome.ok && this.#candidate.next().do === 'write')
      case 'written':
        this.#isAsking = false
        if (message.outcome.ok) this.#candidate.onWritten(message.outcome.value)
        else this.#candidate.onUnknown()
        return this.#settle(message.outcome.ok && this.#candidate.next().do === 'read')
      case 'take-name':
        return this.#isLeading ? this.#takeName() : undefined
      case 'named':
        return this.#onNamed(message.outcome)
      case 'heartbeat-due':
        return this.#beat()
      case 'heartbeat-answered':
        return this.#onHeartbeatAnswered(message.answer)
      case 'job-manager-ended':
        return this.#onJobManagerEnded(message.reason)
      case 'released':
        if (this.#resigning !== undefined) ctx.replyTo(this.#resigning, { ok: true, value: 'resigned' })
        return
      case 'told':
        return
      default:
        assertNever(message)
    }
  }

  get #isLeading(): boolean {
    return this.#jobManager !== undefined && !this.#jobManager.isEnding
  }

  // The lease.

  #look(): void {
    const { lease } = this.#options
    if (lease === undefined || this.#hasLeft) return
    this.#ctx.after('look', this.#candidate.isLeading ? LIMITS.leaseRenewMs : LIMITS.leaseLookMs, {
      type: 'look',
    })
    if (this.#isAsking) return
    this.#isAsking = true
    this.#carryOut(lease, this.#candidate.next())
  }

  #carryOut(lease: LeaseStore, step: LeaseStep): void {
    switch (step.do) {
      case 'read':
        return this.#ctx.pipeToSelf(lease.read(), (outcome) => ({ type: 'read', outcome }))
      case 'write':
        return this.#ctx.pipeToSelf(lease.write(this.#holder(false), step.after), (outcome) => ({
          type: 'written',
          outcome,
        }))
      default:
        assertNever(step)
    }
  }

  #holder(isReleased: boolean): LeaseHolder {
    const { own, system } = this.#options
    return { node: own.node, name: own.name, system, isReleased }
  }

  /** Leads or stands down as the candidate has it now. @param goesOn the answer calls for another step, and at once */
  #settle(goesOn: boolean): void {
    if (this.#hasLeft) return
    if (this.#candidate.isLeading && this.#jobManager === undefined) this.#lead()
    if (!this.#candidate.isLeading && this.#isLeading) this.#standDown()
    if (goesOn && !this.#candidate.isAtRest) this.#look()
  }

  // Leading.

  #lead(): void {
    const { jobManager, lease, logger, onNews } = this.#options
    const ref = this.#ctx.spawn(JOB_MANAGER, jobManager(this.#candidate.revision), {
      onExit: (reason) => ({ type: 'job-manager-ended', reason }),
      stopMs: Number.POSITIVE_INFINITY,
    })
    this.#jobManager = { ref, isEnding: false }
    if (lease === undefined) return
    const { revision, other } = this.#candidate
    logger.info({ revision }, 'this node leads the cluster')
    this.#told = undefined
    onNews({ type: 'leads' })
    this.#takeName()
    if (other === undefined || other.isReleased || other.system === this.#options.system) return
    // It may live, and have lost no more than its way to the lease.
    const superseded: Superseded = { type: 'superseded', revision }
    this.#ctx.ask(leadershipOf(other.system), superseded, TELL, () => ({ type: 'told' }))
  }

  #takeName(): void {
    this.#ctx.pipeToSelf(this.#options.takeName(), (outcome) => ({ type: 'named', outcome }))
  }

  #onNamed(outcome: Outcome<void>): void {
    if (!this.#isLeading) return this.#options.dropName()
    if (outcome.ok) {
      this.#isNamed = true
      return this.#tellWaiting('leads')
    }
    const error = errorInfoOf(outcome.error)
    this.#options.logger.warn({ error }, 'the name of the leader could not be taken')
    if (isCurable(error)) return this.#ctx.after('name', LIMITS.heartbeatMs, { type: 'take-name' })
    this.#refuse(error)
  }

  /** Another leads. What it decides of our jobs is in their logs already, or will be: nothing is told to anybody. */
  #standDown(): void {
    if (this.#jobManager === undefined) return
    const { dropName, logger } = this.#options
    logger.warn({ by: this.#candidate.other?.name }, 'another leads the cluster: this node stands by')
    this.#jobManager.isEnding = true
    this.#isNamed = false
    dropName()
    this.#ctx.kill(this.#jobManager.ref)
  }

  #onJobManagerEnded(reason: ExitReason): void {
    const wasEnding = this.#jobManager?.isEnding === true
    this.#jobManager = undefined
    if (this.#hasLeft) return this.#release()
    if (wasEnding) return this.#settle(true)
    const isTold = reason.kind === 'failed' || reason.kind === 'gave-up'
    this.#ctx.fail(isTold ? errorOf(reason.error) : new Error(`the job manager was ${reason.kind}`))
  }

  // Leaving.

  #resign(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#ctx.cancel('look')
    if (this.#jobManager === undefined) return this.#release()
    this.#jobManager.isEnding = true
    if (this.#isNamed) this.#options.dropName()
    this.#ctx.stop(this.#jobManager.ref)
  }

  /** Whoever stands by need not wait. That it could not be said costs only time. */
  #release(): void {
    const { lease } = this.#options
    const isHeld = lease !== undefined && this.#candidate.isLeading
    const released: Promise<unknown> = isHeld
      ? lease.write(this.#holder(true), this.#candidate.revision)
      : Promise.resolve()
    this.#ctx.pipeToSelf(released, () => ({ type: 'released' }))
  }

  // Standing by.

  #beat(): void {
    this.#ctx.after('heartbeat', LIMITS.heartbeatMs, { type: 'heartbeat-due' })
    if (this.#isLeading || this.#hasLeft) return
    const { own, residentBytes, wallTime } = this.#options
    const standby: StandbyAlive = {
      type: 'standby',
      info: own,
      residentBytes: residentBytes(),
      wallTime: wallTime(),
    }
    this.#ctx.ask(LEADING_RESOURCE_MANAGER, standby, { timeoutMs: LIMITS.heartbeatMs * 2 }, (answer) => ({
      type: 'heartbeat-answered',
      answer,
    }))
  }

  #onHeartbeatAnswered(answer: Answer<HeartbeatAnswer>): void {
    if (!answer.ok || this.#isLeading) return
    if (answer.value.kind === 'refused') return this.#refuse(answer.value.error)
    this.#tellWaiting('stands-by')
    const leader = this.#candidate.other?.name
    if (leader === undefined || leader === this.#told) return
    this.#told = leader
    this.#options.onNews({ type: 'stands-by', leader })
  }

  #tellWaiting(standing: Standing): void {
    if (this.#waiting !== undefined) this.#ctx.replyTo(this.#waiting, { ok: true, value: standing })
    this.#waiting = undefined
  }

  #answerWaiting(): void {
    const asker = this.#waiting
    if (this.#refusal !== undefined && asker !== undefined)
      return this.#ctx.replyTo(asker, { ok: false, error: this.#refusal })
    if (this.#isNamed || this.#options.lease === undefined) this.#tellWaiting('leads')
  }

  #refuse(error: ErrorInfo): void {
    this.#hasLeft = true
    this.#refusal = error
    this.#answerWaiting()
    this.#options.onNews({ type: 'refused', error })
  }
}
