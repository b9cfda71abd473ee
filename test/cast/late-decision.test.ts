import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Files, nodeFiles } from '#src/checkpoint/files.js'
import { Cast } from './cast.js'
import { expectCounted } from './counting-oracle.js'
import { Parts } from './parts.js'

let cast: Cast
beforeEach(() => {
  cast = new Cast()
})
afterEach(() => cast.stop())

const COUNT = 1_000

test('when a checkpoint is decided while the next attempt already looks at an older one, then it starts from the newer', async () => {
  const files = new LateLog()
  const cluster = await Parts.start(cast, files.files)
  try {
    const taskManager = cluster.addTaskManager('one', 1)
    const events = await cluster.submit('counting-plain', { count: COUNT, rate: 1_500 }, 1)
    await files.isHeld
    files.letGoAtNextRead()
    await cluster.system.ask(taskManager, { type: 'crash-slot' }, { timeoutMs: 5_000 })
    expect(await events.until(({ type }) => type === 'attempt')).toMatchObject({ attempt: 1, from: 0 })
    expect(await events.until(({ type }) => type === 'attempt')).toMatchObject({ attempt: 2, from: 1 })
    expect(await events.until(({ type }) => type === 'ended')).toMatchObject({ outcome: 'finished' })
    expectCounted(cast.path('output'), COUNT)
  } finally {
    await cluster.system.stop()
  }
})

/** Keeps the first checkpoint of the first attempt undecided until somebody reads a manifest. */
class LateLog {
  readonly files: Files
  readonly isHeld: Promise<void>
  #letGo: () => void = () => {}
  #letsGoAtRead = false

  constructor() {
    const letGo = new Promise<void>((resolve) => {
      this.#letGo = resolve
    })
    let held: () => void = () => {}
    this.isHeld = new Promise((resolve) => {
      held = resolve
    })
    this.files = {
      ...nodeFiles,
      link: async (from, to) => {
        if (isFirstCompletion(await nodeFiles.read(from))) {
          held()
          await letGo
        }
        return nodeFiles.link(from, to)
      },
      readRange: (path, offset, bytes) => {
        if (this.#letsGoAtRead) this.#letGo()
        return nodeFiles.readRange(path, offset, bytes)
      },
    }
  }

  letGoAtNextRead(): void {
    this.#letsGoAtRead = true
  }
}

function isFirstCompletion(entry: Uint8Array | undefined): boolean {
  const text = Buffer.from(entry ?? []).toString()
  return /"event":\{[^{}]*"type":"completed"[^{}]*"attempt":1[,}]/.test(text)
}
