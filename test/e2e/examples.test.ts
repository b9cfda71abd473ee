import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { generator } from '#src/api/generator.js'
import { readCollected } from '#src/testing/read-collected.js'
import { PROJECT } from '../support/project.js'
import type { JobProcessOptions } from './job-process.js'
import { LocalCluster } from './local-cluster.js'

interface Count {
  readonly key: string
  readonly count: number
}

let cluster: LocalCluster
beforeEach(async () => {
  cluster = await LocalCluster.start()
})
afterEach(() => cluster.stop())

test('when words of files are counted, then the last line of each word tells how often it was met', async () => {
  const input = join(cluster.folder, 'input')
  const output = join(cluster.folder, 'output')
  mkdirSync(input)
  writeFileSync(join(input, 'a.txt'), 'Einmal ist keinmal.\r\nZweimal ist oft;\n\nüber ist über')
  writeFileSync(join(input, 'b.txt'), 'über\n'.repeat(5_000))
  const counting = await cluster.submit('examples/word-count.ts', { input: join(input, '*.txt'), output })
  await cluster.finish(counting)

  const counts = countsIn(output)
  expect(Object.fromEntries([...counts].map(([word, all]) => [word, Math.max(...all)]))).toEqual({
    einmal: 1,
    ist: 3,
    keinmal: 1,
    zweimal: 1,
    oft: 1,
    über: 5_002,
  })
  for (const all of counts.values()) expect(all).toEqual(oneTo(all.length))
})

test('when clicks of files are read, then whoever clicks ten times is told of once', async () => {
  const input = join(cluster.folder, 'clicks.jsonl')
  const output = join(cluster.folder, 'output')
  const line = (userId: string) => JSON.stringify({ userId, url: '/', ts: 0, loggedIn: true })
  const clicks = [
    ...Array(25).fill(line('ann')),
    ...Array(9).fill(line('bob')),
    ...Array(10).fill(line('eve')),
  ]
  writeFileSync(input, clicks.join('\n'))
  await cluster.finish(await cluster.submit('examples/click-bursts.ts', { input, output }))
  expect(
    linesIn<{ userId: string }>(output)
      .map(({ userId }) => userId)
      .sort(),
  ).toEqual(['ann', 'eve'])
})

test('when a slot crashes over a generator and a file sink, then each count is in the files once, and collected at least once', async () => {
  const [output, collection] = [join(cluster.folder, 'output'), join(cluster.folder, 'collected.jsonl')]
  const job = await cluster.submit('test/e2e/paced-words-job.ts', { output, collection })
  await cluster.completed(job, 2)
  expect(await cluster.node.crashSlot()).toBe(true)
  await cluster.finish(job)

  const expected = new Map<string, number>()
  for (let index = 0; index < 6_000; index++) {
    const word = `word-${Math.floor(50 * generator.randomAt(11, index).next() ** 2)}`
    expected.set(word, (expected.get(word) ?? 0) + 1)
  }
  const counts = countsIn(output)
  expect(new Map([...counts].map(([word, all]) => [word, all.length]))).toEqual(expected)
  for (const all of counts.values()) expect(all).toEqual(oneTo(all.length))

  const collected = await readCollected<Count>(collection)
  expect(collected.length).toBeGreaterThan(6_000)
  expect(new Set(collected.map(({ key, count }) => `${key} ${count}`)).size).toBe(6_000)
})

test('when several slots print, then standard output has every record on a line of its own, up to the last one', async () => {
  const options: JobProcessOptions = {
    file: join(PROJECT, 'test/e2e/printing-job.ts'),
    stateDirectory: join(cluster.folder, 'printing'),
    slots: 3,
    params: { count: '100000' },
  }
  const program = join(PROJECT, 'dist/test/e2e/job-process.js')
  const child = fork(program, [JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  const ended = once(child, 'exit')
  const indices = new Set<number>()
  let lines = 0
  if (child.stdout === null) throw new Error('its output is not piped')
  for await (const line of createInterface({ input: child.stdout })) {
    lines++
    indices.add((JSON.parse(line) as { index: number }).index)
  }
  await ended
  expect([lines, indices.size]).toEqual([100_000, 100_000])
})

/** All counts of each word that are in the files of a folder, rising. */
function countsIn(folder: string): Map<string, number[]> {
  const counts = new Map<string, number[]>()
  for (const { key, count } of linesIn<Count>(folder)) counts.set(key, [...(counts.get(key) ?? []), count])
  for (const all of counts.values()) all.sort((a, b) => a - b)
  return counts
}

/** All rows that are in the files of a folder. */
function linesIn<Row>(folder: string): Row[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line) as Row)
}

function oneTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1)
}
