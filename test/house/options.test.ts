import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS } from '#src/cli/commands.js'
import { CLUSTER_OPTIONS } from '#src/cli/shared-options.js'
import { PROJECT } from '../support/project.js'
import {
  CLUSTER_OPTION_TESTS,
  COMMAND_OPTION_TESTS,
  JOB_OPTION_TESTS,
  type OptionTests,
} from './option-tests.js'

/** What users write down in a job, and what they type: each option has a test, or it would not be there. */

test('when a job can be given an option, then a test shows what it does', () => {
  expect(namesOf(JOB_OPTION_TESTS)).toEqual(sorted(jobOptions()))
})

test('when a command can be given an option, then a test shows what it does', () => {
  const ofCluster = new Set(CLUSTER_OPTIONS.map(({ name }) => name))
  const isClusters = (command: string, option: string) => command !== 'dev' && ofCluster.has(option)
  const own = COMMANDS.map(({ name: command, options }) => [
    command,
    options.map(({ name }) => name).filter((option) => !isClusters(command, option)),
  ])
  expect(namesOf(COMMAND_OPTION_TESTS)).toEqual(sorted(Object.fromEntries(own)))
  expect(Object.keys(CLUSTER_OPTION_TESTS).toSorted()).toEqual([...ofCluster].toSorted())
})

test('when a test is said to show an option, then it is there', () => {
  const tables = [
    ...Object.values(JOB_OPTION_TESTS),
    ...Object.values(COMMAND_OPTION_TESTS),
    CLUSTER_OPTION_TESTS,
  ]
  const named = new Set(tables.flatMap((options) => Object.values(options)))
  expect([...named].filter((name) => !isThere(name))).toEqual([])
})

function isThere(name: string): boolean {
  const [file = '', title] = name.split(' > ')
  const path = join(PROJECT, 'test', file)
  return title !== undefined && existsSync(path) && readFileSync(path, 'utf8').includes(title)
}

/** The names of all options, by the types of `src/api` that have them, and by the union of restart strategies. */
function jobOptions(): Record<string, readonly string[]> {
  const found: Record<string, readonly string[]> = {}
  const folder = join(PROJECT, 'src', 'api')
  for (const file of readdirSync(folder)) {
    const source = readFileSync(join(folder, file), 'utf8')
    for (const [, type = '', body = ''] of source.matchAll(INTERFACE)) found[type] = fieldsIn(body)
  }
  const restarts = readFileSync(join(PROJECT, 'src', 'actor', 'restart-strategy.ts'), 'utf8')
  const [, union = ''] = /export type RestartStrategyOptions =\n([\s\S]*?)\n\n/.exec(restarts) ?? []
  found['RestartStrategyOptions'] = [...new Set(fieldsIn(union))]
  return found
}

const INTERFACE = /export interface (\w*(?:Options|Policy|Sasl|Tls|Fetch|Column))\b[^{]*\{\n([\s\S]*?)\n\}/g

function fieldsIn(body: string): string[] {
  return [...body.matchAll(/(?:^ *|\{ )readonly (\w+)\??:/gm)].map(([, name = '']) => name)
}

function namesOf(tests: OptionTests): Record<string, readonly string[]> {
  return sorted(
    Object.fromEntries(Object.entries(tests).map(([type, options]) => [type, Object.keys(options)])),
  )
}

function sorted(names: Record<string, readonly string[]>): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(names).map(([type, options]) => [type, options.toSorted()]))
}
