import { expect, test } from 'vitest'
import type { CheckpointCoordinatorMessage } from '#actors/checkpoint-coordinator.js'
import type { Direction } from '#actors/direction.js'
import type { JobMasterMessage } from '#actors/job-master.js'
import { type AdoptSubtasks, type DeploySubtask, Slot } from '#actors/slot.js'
import type { Subtask } from '#actors/subtask.js'
import type { SubtaskDeployment } from '#actors/subtask-deployment.js'
import type { SubtaskStanding } from '#actors/subtask-message.js'
import type { Actor, ActorContext, ActorRef } from '#src/actor/actor.js'
import { RetakeError } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, Epoch, SubtaskId, SubtaskIndex, VertexIndex } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { actorOf, virtualSystem } from '../actor/system-fixture.js'
import { refTo } from './fake-context.js'

type Word = { readonly type: string; readonly [field: string]: unknown }

/** In the place of a subtask: does what the test says, tells how it stands, and keeps what it heard. */
class FakeSubtask implements Actor<Word> {
  readonly heard: Word[] = []
  isSilent = false
  readonly #id: SubtaskId

  constructor({ vertex, subtask }: SubtaskDeployment) {
    this.#id = `${vertex}-${subtask}` as SubtaskId
  }

  receive(word: Word, ctx: ActorContext<Word>): void {
    this.heard.push(word)
    if (word.type === 'crash') throw new Error(`${this.#id} has failed`)
    if (word.type === 'be-fenced') throw new Error('a sink has failed', { cause: fenced })
    if (word.type === 'finish') return ctx.exit()
    if (this.isSilent) return
    if (word.type === 'cancel') ctx.exit()
    else ctx.reply(standing(this.#id))
  }
}

const fenced = new RetakeError('RT1447', { what: 'a write', why: 'a later attempt', fix: 'nothing' })

function standing(id: string): SubtaskStanding {
  return { subtask: id as SubtaskId, state: 'RUNNING', ended: false, final: false, splits: [] }
}

function stage() {
  const { clock, system } = virtualSystem()
  const subtasks = new Map<string, FakeSubtask>()
  let fenced = 0
  const slot = system.spawn(
    'slot',
    new Slot({
      subtaskOf: (deployment) => {
        const subtask = new FakeSubtask(deployment)
        subtasks.set(`${deployment.vertex}-${deployment.subtask}`, subtask)
        return subtask as Actor<unknown> as Subtask
      },
      tree: () => system.tree(),
      onFencedWrite: () => fenced++,
    }),
  )
  /** A job master that hears, or, being frozen, does not. */
  const director = (epoch: number, { isFrozen = false } = {}) => {
    const heard: Word[] = []
    const jobMaster: ActorRef<JobMasterMessage> = system.spawn(
      `job-${epoch}`,
      actorOf<JobMasterMessage>({
        receive: (message, ctx) => {
          heard.push(message as unknown as Word)
          if (!isFrozen) ctx.reply('ok')
        },
      }),
    )
    const coordinator = refTo<CheckpointCoordinatorMessage>('coordinator')
    return { heard, direction: { epoch: epoch as Epoch, jobMaster, coordinator } satisfies Direction }
  }
  const deploy = (direction: Direction, id: string) => {
    const [vertex, subtask] = id.split('-').map(Number) as [VertexIndex, SubtaskIndex]
    const deployment = { vertex, subtask, attempt: 3 as Attempt, direction } as SubtaskDeployment
    const message: DeploySubtask = { type: 'deploy', deployment }
    return system.ask(slot, message, { timeoutMs: 1_000 })
  }
  /** What the slot answers, in time. */
  const adopt = async (direction: Direction, withinMs = 100) => {
    const answers: (readonly SubtaskStanding[])[] = []
    const message: AdoptSubtasks = { type: 'adopt', direction, settled: 64 as CheckpointId }
    system.ask(slot, message, { timeoutMs: 60_000 }).then(
      (answer) => answers.push(answer),
      () => {},
    )
    await clock.advance(withinMs)
    return answers[0]
  }
  const say = async (id: string, type: string) => {
    system.send({ address: `here.slot.s-${id}` } as ActorRef<Word>, { type })
    await clock.settle()
  }
  const close = async () => {
    const answers: 'ok'[] = []
    void system.ask(slot, { type: 'close' } as const, { timeoutMs: 60_000 }).then((ok) => answers.push(ok))
    await clock.advance(10)
    return answers
  }
  return { clock, subtasks, director, deploy, adopt, say, close, fenced: () => fenced }
}

test('when another adopts it, then every subtask is told, and how each stands is the answer', async () => {
  const { clock, subtasks, director, deploy, adopt } = stage()
  const [first, second] = [director(1), director(2)]
  for (const id of ['0-0', '1-0']) void deploy(first.direction, id)
  await clock.settle()
  expect(await adopt(second.direction)).toEqual(['0-0', '1-0'].map(standing))
  for (const { heard } of subtasks.values())
    expect(heard).toEqual([{ type: 'adopt', direction: second.direction, settled: 64 }])
})

test('when subtasks had ended, then the adopter hears how: one that failed is not as one that finished', async () => {
  const { clock, director, deploy, adopt, say } = stage()
  const [first, second] = [director(1), director(2)]
  for (const id of ['0-0', '1-0', '2-0']) void deploy(first.direction, id)
  await clock.settle()
  await say('0-0', 'finish')
  await say('1-0', 'crash')
  const finished = { subtask: '0-0', state: 'FINISHED', ended: true, final: true, splits: [] }
  const failed = {
    subtask: '1-0',
    state: 'FAILED',
    error: expect.objectContaining({ message: '1-0 has failed' }),
  }
  expect(await adopt(second.direction)).toEqual([standing('2-0'), finished, failed])
})

test('when a subtask fails while it is asked, then it stands as it ended', async () => {
  const { clock, subtasks, director, deploy, adopt, say } = stage()
  const [first, second] = [director(1), director(2)]
  void deploy(first.direction, '0-0')
  await clock.settle()
  for (const subtask of subtasks.values()) subtask.isSilent = true
  const adopted = adopt(second.direction, LIMITS.adoptMs + 100)
  await clock.settle()
  await say('0-0', 'crash')
  expect(await adopted).toMatchObject([{ subtask: '0-0', state: 'FAILED' }])
})

test('when a subtask says nothing, then it is not among those that are left', async () => {
  const { clock, subtasks, director, deploy, adopt } = stage()
  const [first, second] = [director(1), director(2)]
  for (const id of ['0-0', '1-0']) void deploy(first.direction, id)
  await clock.settle()
  const silent = subtasks.get('1-0')
  if (silent !== undefined) silent.isSilent = true
  expect(await adopt(second.direction, LIMITS.adoptMs + 100)).toEqual([standing('0-0')])
})

test('when a failure was not heard, then the adopter is told of it again, once whoever directed does not answer', async () => {
  const { clock, director, deploy, adopt, say } = stage()
  const [frozen, second] = [director(1, { isFrozen: true }), director(2)]
  void deploy(frozen.direction, '0-0')
  await clock.settle()
  await say('0-0', 'crash')
  await clock.advance(2_500)
  expect(frozen.heard.length, 'asked until it is answered').toBeGreaterThan(2)
  await adopt(second.direction)
  await clock.advance(LIMITS.controlAsk.timeoutMs)
  expect(second.heard).toMatchObject([{ type: 'subtask-failed', subtask: '0-0', attempt: 3 }])
})

test('when a failure comes after another has adopted it, then that one hears it, and nobody else', async () => {
  const { clock, director, deploy, adopt, say } = stage()
  const [first, second] = [director(1), director(2)]
  void deploy(first.direction, '0-0')
  await clock.settle()
  await adopt(second.direction)
  await say('0-0', 'crash')
  await clock.advance(5_000)
  expect(first.heard).toEqual([])
  expect(second.heard).toMatchObject([{ type: 'subtask-failed', subtask: '0-0' }])
})

test('when whoever led before deploys, then it is answered, and nothing starts', async () => {
  const { clock, subtasks, director, deploy, adopt } = stage()
  const [first, second] = [director(1), director(2)]
  void deploy(first.direction, '0-0')
  await clock.settle()
  await adopt(second.direction)
  const deployed = deploy(first.direction, '1-0')
  await clock.settle()
  expect(await deployed).toBe('ok')
  expect([...subtasks.keys()]).toEqual(['0-0'])
})

test('when whoever led before adopts it, then nobody is told, and it gets no answer', async () => {
  const { clock, subtasks, director, deploy, adopt, say } = stage()
  const [first, second] = [director(1), director(2)]
  void deploy(first.direction, '0-0')
  await clock.settle()
  await adopt(second.direction)
  expect(await adopt(first.direction)).toBeUndefined()
  expect(subtasks.get('0-0')?.heard).toHaveLength(1)
  await say('0-0', 'crash')
  expect(second.heard).toHaveLength(1)
})

test('when it is adopted again, by the same or the next one, then each question is answered', async () => {
  const { clock, director, deploy, adopt } = stage()
  void deploy(director(1).direction, '0-0')
  await clock.settle()
  const second = director(2)
  for (const { direction } of [second, second, director(3)])
    expect(await adopt(direction)).toEqual([standing('0-0')])
})

test('when a subtask has ended and is deployed again, then it does not run a second time', async () => {
  const { clock, subtasks, director, deploy, say, close } = stage()
  const { direction } = director(1)
  void deploy(direction, '0-0')
  await clock.settle()
  const [first] = subtasks.values()
  await say('0-0', 'finish')
  void deploy(direction, '0-0')
  await clock.settle()
  expect(subtasks.get('0-0')).toBe(first)
  expect(await close()).toEqual(['ok'])
})

test('when it is closed, then its subtasks are canceled, and it is closed when all of them are gone', async () => {
  const { clock, subtasks, director, deploy, say, close } = stage()
  const { direction } = director(1)
  for (const id of ['0-0', '1-0']) void deploy(direction, id)
  await clock.settle()
  const busy = subtasks.get('1-0')
  if (busy !== undefined) busy.isSilent = true
  const closed = await close()
  for (const { heard } of subtasks.values()) expect(heard).toEqual([{ type: 'cancel' }])
  expect(closed).toEqual([])
  await say('1-0', 'finish')
  expect(closed).toEqual(['ok'])
})

test('when a subtask ends because a fence turned its write away, then that is counted', async () => {
  const { fenced, clock, director, deploy, say } = stage()
  const { direction } = director(1)
  for (const id of ['0-0', '1-0']) void deploy(direction, id)
  await clock.settle()
  await say('0-0', 'crash')
  expect(fenced()).toBe(0)
  await say('1-0', 'be-fenced')
  expect(fenced()).toBe(1)
})
