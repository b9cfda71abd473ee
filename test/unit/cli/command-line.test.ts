import { expect, test } from 'vitest'
import type { Command, RunCommand } from '#src/cli/command.js'
import { runCommandLine } from '#src/cli/command-line.js'
import { COMMANDS } from '#src/cli/commands.js'
import { RetakeError } from '#src/kit/errors.js'
import { recordingTerminal } from './recording-terminal.js'

/** The real registry, with commands that do nothing but what a test says. */
function commandsThat(run: RunCommand): readonly Command[] {
  return COMMANDS.map((command) =>
    command.name === 'help' ? command : { ...command, load: async () => run },
  )
}

async function retake(
  line: string,
  run: RunCommand = async () => 0,
  environment: Record<string, string> = {},
) {
  const { terminal, data, talk } = recordingTerminal()
  const code = await runCommandLine(line.split(' ').filter(Boolean), commandsThat(run), terminal, environment)
  return { code, data: data(), talk: talk() }
}

test.each([
  ['', 2, '', /retake help COMMAND/],
  ['plna', 2, '', /there is no command "plna"\n +did you mean "plan"\?/],
  ['frobnicate', 2, '', /there are init, dev, plan, run, .*, version, help/],
  ['plan', 2, '', /"plan" needs JOB/],
  ['plan a.ts b.ts', 2, '', /does not take "b.ts"/],
  ['plan a.ts --formt json', 2, '', /no option --formt\n +did you mean --format\?/],
  ['plan a.ts --format jsn', 2, '', /--format is "jsn"\n +did you mean "json"\? It is text, json, mermaid/],
  ['plan a.ts --format', 2, '', /--format needs a value/],
  ['plan --format --param a=b', 2, '', /--format needs a value/],
  ['list -o jsn', 2, '', /--output is "jsn"\n +did you mean "json"\?/],
  ['list -x', 2, '', /"list" has no option -x/],
  ['dev a.ts --allow-repeated-rows=yes', 2, '', /--allow-repeated-rows takes no value/],
])('when the line is "%s", then it ends with %i and says what to type', async (line, code, data, talk) => {
  const said = await retake(line)
  expect(said).toEqual({ code, data, talk: expect.stringMatching(talk) })
})

test('when a line is right, then its command gets what was given', async () => {
  const { code } = await retake(
    'dev job.ts --param a=1 --param b=x=y --param a=2 --slots 3 --state=./here',
    async (given) => {
      expect(given.argument(0)).toBe('job.ts')
      expect(given.pairs('param')).toEqual({ a: '2', b: 'x=y' })
      expect(given.whole('slots')).toBe(3)
      expect(given.text('state')).toBe('./here')
      expect(given.isSet('allow-repeated-rows')).toBe(false)
      return 7
    },
  )
  expect(code).toBe(7)
})

test.each([
  ['dev a.ts --slots 0', /--slots is "0"\n +give a whole number of at least 1/],
  ['dev a.ts --slots two', /--slots is "two"/],
])('when a number is none, as in "%s", then it is a usage error', async (line, text) => {
  const said = await retake(line, async (given) => given.whole('slots') as never)
  expect(said).toMatchObject({ code: 2, talk: expect.stringMatching(text) })
})

test('when an option has a variable, then it counts where the option is not given, and errors name it', async () => {
  const values: unknown[] = []
  const run: RunCommand = async (given) => {
    values.push(given.text('cluster'), given.nameOf('cluster'))
    return 0
  }
  await retake('list', run, { RETAKE_CLUSTER: 'blue' })
  await retake('list --cluster green', run, { RETAKE_CLUSTER: 'blue' })
  await retake('list', run, { RETAKE_CLUSTER: '' })
  expect(values).toEqual(['blue', 'RETAKE_CLUSTER', 'green', '--cluster', undefined, '--cluster'])
})

test.each(['-o json', '-ojson', '--output json', '--output=json'])(
  'when the short option of a value is written as "%s", then it is the long one',
  async (written) => {
    await retake(`list ${written}`, async (given) => {
      expect(given.text('output')).toBe('json')
      return 0
    })
  },
)

test('when help for a command of a cluster is asked, then the way to it has a heading of its own', async () => {
  const { data } = await retake('help cancel')
  const [own = '', shared = ''] = data.split('\nThe cluster, and the way to it\n')
  expect(own).toContain('  -o, --output FORMAT ')
  expect(own).not.toContain('--nats')
  expect(shared).toMatch(/ {2}--nats URL\[,URL…\] .*or RETAKE_NATS\n/)
})

test('when a parameter has no name, then the line says how to write one', async () => {
  const said = await retake('plan a.ts --param topic', async (given) => given.pairs('param') as never)
  expect(said).toMatchObject({ code: 2, talk: expect.stringContaining('write --param name=value') })
})

test.each(['help', '--help', '-h'])(
  'when "%s" is asked, then the examples come first, on stdout',
  async (line) => {
    const { code, data, talk } = await retake(line)
    expect({ code, talk }).toEqual({ code: 0, talk: '' })
    expect(data.indexOf('$ retake dev')).toBeLessThan(data.indexOf('Commands'))
  },
)

test.each(COMMANDS.map(({ name }) => name))(
  'when help for %s is asked, then it fits 80 columns, starts with an example and names every option',
  async (name) => {
    const [asked, flag] = [await retake(`help ${name}`), await retake(`${name} --help`)]
    expect(flag).toEqual(asked)
    expect(asked.data).toMatch(/^ {2}\$ retake /)
    expect(asked.data.split('\n').filter((line) => line.length > 80)).toEqual([])
    const { options } = COMMANDS.find((command) => command.name === name) ?? { options: [] }
    for (const option of options) expect(asked.data).toContain(`--${option.name}`)
  },
)

test('when the help of help is asked for something that is no command, then it is a usage error', async () => {
  expect(await retake('help dve')).toMatchObject({ code: 2, talk: expect.stringContaining('"dev"') })
})

test.each([
  ['RT1101', 3],
  ['RT1209', 3],
  ['RT1523', 3],
  ['RT1501', 4],
  ['RT1506', 4],
  ['RT1517', 4],
  ['RT1304', 8],
  ['RT1516', 5],
  ['RT1516', 5],
  ['RT1002', 5],
] as const)('when a command is refused with %s, then it ends with %i', async (code, exit) => {
  const said = await retake('plan a.ts', async () => {
    throw new RetakeError(code, { what: 'it is so', why: 'because', fix: 'change it', where: 'a.ts:3' })
  })
  expect(said.code).toBe(exit)
  expect(said.talk).toBe(`${code} it is so\n  where   a.ts:3\n  why     because\n  fix     change it\n`)
})

test('when a command crashes, then it says that this is a bug, with the stack', async () => {
  const said = await retake('plan a.ts', async () => {
    throw new TypeError('cannot read')
  })
  expect(said.code).toBe(1)
  expect(said.talk).toMatch(/internal error\n +TypeError: cannot read\n +at /)
  expect(said.talk).toContain('report it')
})
