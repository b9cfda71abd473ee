import { expect, test } from 'vitest'
import { play } from '../../sim/play.js'

async function traceOf(seed: number): Promise<string> {
  const lines: string[] = []
  await play(seed, (line) => lines.push(line))
  return lines.join('\n')
}

test.each([7, 48, 202])(
  'when seed %i is played twice, then its trace is the same to the byte',
  { timeout: 60_000 },
  async (seed) => {
    const first = await traceOf(seed)
    expect(first.split('\n').length).toBeGreaterThan(500)
    // Not in a row: what one world leaves behind must not reach the next.
    await play(seed + 1)
    expect(await traceOf(seed)).toBe(first)
  },
)

test('when a trace is read, then the world goes the same way as when nobody does', async () => {
  const { counts: _, ...read } = await play(11, () => {})
  const { counts: __, ...unread } = await play(11)
  expect(unread).toEqual(read)
})
