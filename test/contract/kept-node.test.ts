import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { type TemporaryFolder, temporaryFolder } from '#src/kit/temporary-folder.js'
import { KeptNode } from '../chaos/kept-node.js'
import { NodeProcess } from '../e2e/node-process.js'
import { until } from '../support/until.js'

const READY = `console.log('✔ ready')\nsetInterval(() => {}, 1_000)`
const LEAVES = `process.once('SIGTERM', () => process.exit(0))`

let node: KeptNode | undefined
let folder: TemporaryFolder | undefined
afterEach(async () => {
  await node?.stop()
  folder?.release()
})

function nodeThat(script: string): KeptNode {
  node = new KeptNode(new NodeProcess({ name: 'a node', args: ['-e', script] }))
  return node
}

test('when it ends by itself, then it is started again', async () => {
  const kept = nodeThat(READY)
  await kept.start()
  const { pid } = kept.process
  process.kill(pid ?? 0, 'SIGKILL')

  await until(() => kept.isUp && kept.process.pid !== pid, { what: 'another process' })
  expect(kept.process.unwantedEnds).toBe(1)
})

test('when it is killed, then it stays down until it is started', async () => {
  const kept = nodeThat(READY)
  await kept.start()
  await kept.kill()
  await pause(1_500)
  expect(kept.isUp).toBe(false)

  await kept.start()
  expect(kept.isUp).toBe(true)
  expect(kept.process.unwantedEnds).toBe(0)
})

test('when it left in good order, then it stays down', async () => {
  const kept = nodeThat(`${LEAVES}\n${READY}`)
  await kept.start()
  await kept.leave()
  await pause(500)

  expect(kept.isUp).toBe(false)
})

test('when it ends before it is ready, then it is started until it stays', async () => {
  const once = `const { existsSync, writeFileSync } = require('node:fs')
if (!existsSync(process.argv[1])) { writeFileSync(process.argv[1], ''); process.exit(4) }`
  folder = temporaryFolder('retake-kept-node-')
  const file = join(folder.path, 'tried')
  node = new KeptNode(new NodeProcess({ name: 'a node', args: ['-e', `${once}\n${READY}`, file] }))
  await node.start()

  expect(node.isUp).toBe(true)
  expect(node.process.unwantedEnds).toBe(1)
})
