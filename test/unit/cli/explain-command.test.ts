import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runCommandLine } from '#src/cli/command-line.js'
import { COMMANDS } from '#src/cli/commands.js'
import { CATALOGUE } from '#src/kit/errors.js'
import { codeBlocksOf, pageOf, sectionOf, typedIn } from '../../house/docs.js'
import { recordingTerminal } from './recording-terminal.js'

async function explained(...words: readonly string[]) {
  const recording = recordingTerminal()
  const code = await runCommandLine(['explain', ...words], COMMANDS, recording.terminal)
  return { code, data: recording.data(), talk: recording.talk() }
}

test.each(['RT1101', 'rt1101', '1101'])(
  'when %s is explained, then as docs/cli.md shows it',
  async (given) => {
    const [block] = codeBlocksOf(sectionOf(pageOf('docs/cli.md'), '`retake explain \\[CODE\\]`'))
    const [, shown = ''] = block?.text.split('$ retake explain rt1101\n') ?? []
    expect(typedIn(block!)).toHaveLength(1)
    expect(await explained(given)).toEqual({ code: 0, data: shown, talk: '' })
  },
)

test('when no code is given, then every one is listed below its area', async () => {
  const { data } = await explained()
  expect([...data.matchAll(/^ {2}(RT\d+)/gm)].map(([, code]) => code)).toEqual(Object.keys(CATALOGUE).sort())
  expect(data).toMatch(/^The graph of a job\n {2}RT1001 {2}two operators have one id\n/)
  expect(data).toContain('\n\nConnectors\n  RT1401')
})

test('when all are explained as JSON, then each is as it is alone', async () => {
  const { errors } = JSON.parse((await explained('-o', 'json')).data)
  const alone = JSON.parse((await explained('1203', '-o', 'json')).data)
  expect(errors).toContainEqual(alone)
  expect(errors).toHaveLength(Object.keys(CATALOGUE).length)
  expect(Object.keys(alone)).toEqual(['code', 'title', 'area', 'consequence', 'causes'])
  expect(Object.keys(alone.causes[0])).toEqual(['what', 'why', 'fix'])
})

test.each([
  ['1204', 'RT1203 (a part of a checkpoint is missing or damaged), RT1205 (max parallelism has changed)'],
  ['RT150', 'RT1501 (NATS cannot be reached), RT1502'],
  ['Topic', 'RT1401 (the topic does not exist)'],
  ['xyz', 'retake explain lists all'],
])('when %s is no code, then those that may be meant are told', async (given, hint) => {
  const { code, talk } = await explained(given)
  expect(code).toBe(2)
  expect(talk).toContain(`there is no error "${given}"`)
  expect(talk).toContain(hint)
})

test('when the package is installed, then the page comes with it', () => {
  const { files } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(files).toContain('docs/errors.md')
})
