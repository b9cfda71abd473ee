import { describe, expect, test } from 'vitest'
import { UsageError } from '#src/cli/usage-error.js'
import { requestOf } from '../../../bench/suite/request.js'

const KNOWN = { benchmarks: ['tell', 'ask', 'main-job'], others: ['scale'] }
const nothingElse = { kind: 'run', isCheck: false, isJson: false }

test.each<[string, object]>([
  ['', { kind: 'list' }],
  ['--help', { kind: 'help' }],
  ['tell -h', { kind: 'help' }],
  ['ask tell', { ...nothingElse, names: ['tell', 'ask'] }],
  ['all', { ...nothingElse, names: KNOWN.benchmarks }],
  ['all scale', { ...nothingElse, names: [...KNOWN.benchmarks, 'scale'] }],
  ['--check', { ...nothingElse, isCheck: true, names: [...KNOWN.benchmarks, 'scale'] }],
  ['tell --check --rounds 1', { ...nothingElse, isCheck: true, names: ['tell'], rounds: 1 }],
  [
    'tell --save a.json --plots out --json',
    { ...nothingElse, isJson: true, names: ['tell'], save: 'a.json', plots: 'out' },
  ],
  ['scale --nodes 32', { ...nothingElse, names: ['scale'], nodes: 32 }],
  ['compare a.json b.json', { kind: 'compare', files: ['a.json', 'b.json'], bound: 0.05, isForced: false }],
  [
    'compare a.json b.json --bound 2.5% --force',
    { kind: 'compare', files: ['a.json', 'b.json'], bound: 0.025, isForced: true },
  ],
])('when "%s" is typed, then that is asked for', (line, request) => {
  expect(requestOf(argumentsOf(line), KNOWN)).toEqual(request)
})

describe('what cannot be meant', () => {
  test.each([
    ['tel', 'there is no benchmark "tel"', 'did you mean tell? "npm run bench" lists them'],
    ['throughput', 'there is no benchmark "throughput"', '"npm run bench" lists them'],
    ['tell --round 3', "Unknown option '--round'", '"npm run bench -- --help" tells all options'],
    ['tell --rounds', "Option '--rounds <value>' argument missing", expect.anything()],
    ['tell --rounds none', '--rounds is "none"', 'give a whole number above 0'],
    ['tell --rounds 0', '--rounds is "0"', 'give a whole number above 0'],
    ['--save a.json', '--save of what?', 'name benchmarks, or say "all"'],
    ['tell --bound 5%', '--bound is for compare', expect.anything()],
    ['compare a.json b.json --rounds 3', '--rounds is not for compare', expect.anything()],
    ['compare a.json', 'compare takes two reports', expect.anything()],
    ['compare a.json b.json c.json', 'compare takes two reports', expect.anything()],
    ['compare a.json b.json --bound 5', '--bound is "5"', 'give a share of a hundred: --bound 5%'],
    ['compare a.json b.json --bound -5%', expect.stringContaining('--bound'), expect.anything()],
    ['scale --json', 'scale has tables and no report', expect.anything()],
    ['tell --nodes 3', '--nodes is for scale', expect.anything()],
  ])('when "%s" is typed, then it says so, and what to type', (line, message, hint) => {
    const thrown = thrownBy(() => requestOf(argumentsOf(line), KNOWN))

    expect(thrown).toBeInstanceOf(UsageError)
    expect(thrown).toMatchObject({ message, hint })
  })
})

function argumentsOf(line: string): readonly string[] {
  return line === '' ? [] : line.split(' ')
}

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (thrown) {
    return thrown
  }
  return undefined
}
