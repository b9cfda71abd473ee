import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS } from '#src/cli/commands.js'
import { EXIT } from '#src/cli/exit-code.js'
import { readHouse } from '../../house/source-module.js'
import { PROJECT } from '../../support/project.js'

/** Said by `import()`: loaded when a command runs. */
const LAZY = COMMANDS.map(({ name }) => `src/cli/${name}-command.ts`)

test('when the command starts, then it has loaded nothing but its own few modules, and what it takes to tell an error', () => {
  const house = new Map(readHouse().map((module) => [module.path, module]))
  const loaded = new Set(['src/cli/main.ts'])
  for (const path of loaded) {
    for (const { target, kind, isPackage } of house.get(path)?.imports ?? []) {
      if (kind === 'value' && !(path === 'src/cli/commands.ts' && LAZY.includes(target))) loaded.add(target)
      expect(isPackage && !target.startsWith('node:')).toBe(false)
    }
  }
  const others = [...loaded].filter((path) => !path.startsWith('src/cli/') && !path.startsWith('node:'))
  expect(others).toEqual(['src/kit/errors.ts', 'src/kit/stack-frames.ts'])
  expect(loaded.size).toBeLessThan(25)
})

test('when docs/cli.md is read, then it tells every command, option and exit code', () => {
  const text = readFileSync(join(PROJECT, 'docs/cli.md'), 'utf8')
  for (const { name, options } of COMMANDS) {
    expect(text).toContain(`retake ${name}`)
    for (const option of options) expect(text).toContain(`--${option.name}`)
  }
  const told = [...text.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
  expect(told).toEqual(Object.values(EXIT))
})
