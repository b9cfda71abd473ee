/**
 * `npm test [FILTER]`: makes the checkout ready, fetches the servers that the tests start, runs every suite and ends
 * with the one line that counts, `N passed, N failed, N skipped`. With a filter only the files and programs are run
 * whose path holds it. What was skipped is listed by name, because what is not run is not known to work.
 *
 * A suite is either vitest over the test files or a program of the build that ends its own output with such a line.
 * A suite that ends without one, or with an error that no test owns up to, counts as one failure.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { bootstrap, PROJECT, say } from './bootstrap.mjs'

/** Programs beside the test files: simulated worlds, real processes killed and started again, the floor under the speed. */
const PROGRAMS = [
  {
    name: 'sim',
    source: 'test/sim/main.ts',
    program: 'dist/test/sim/main.js',
    args: ['--seeds', '150', '--fresh', '150'],
  },
  { name: 'e2e', source: 'test/e2e/main.ts', program: 'dist/test/e2e/main.js', args: [] },
  {
    name: 'chaos',
    source: 'test/chaos/main.ts',
    program: 'dist/test/chaos/main.js',
    // Of this seed: a task manager is cut off, the leader is killed, a task manager is killed, a nats-server restarts.
    args: ['--minutes', '1', '--seed', '387'],
  },
  { name: 'bench', source: 'bench/main.ts', program: 'dist/bench/main.js', args: ['--check'] },
]

const filters = process.argv.slice(2)
const total = { passed: 0, failed: 0, skipped: 0 }
/** Suites by name, and how many of their tests were not run. */
const skipped = new Map()
const failed = []

bootstrap()
const suites = chosenSuites()
if (suites.length === 0) {
  say(`no test has ${filters.join(' or ')} in its path`)
  report()
  process.exit(1)
}
const environment = { ...process.env, ...(await provision()) }
for (const suite of suites) await suite()
report()
process.exit(total.failed === 0 ? 0 : 1)

function chosenSuites() {
  const isChosen = (path) => filters.length === 0 || filters.some((filter) => path.includes(filter))
  const chosen = PROGRAMS.filter(({ source }) => isChosen(source)).map((suite) => () => runProgram(suite))
  const files = ['test', 'examples'].flatMap((folder) => testFiles(join(PROJECT, folder)))
  const hasFiles = files.some((file) => isChosen(relative(PROJECT, file)))
  return hasFiles ? [runVitest, ...chosen] : chosen
}

function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}

/** Asks once for every server, so that test files find them in the cache, or find the reason in their environment. */
async function provision() {
  const program = join(PROJECT, 'dist', 'test', 'support', 'provision.js')
  const { output } = await spawned([program], { ...process.env }, 'capture')
  return JSON.parse(output || '{}')
}

async function runVitest() {
  const folder = mkdtempSync(join(tmpdir(), 'retake-vitest-'))
  const report = join(folder, 'report.json')
  try {
    const vitest = join(PROJECT, 'node_modules', 'vitest', 'vitest.mjs')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const { code } = await spawned([vitest, 'run', ...reporters, ...filters], environment, 'show')
    const before = total.failed
    if (existsSync(report)) countVitest(JSON.parse(readFileSync(report, 'utf8')))
    if (code !== 0 && total.failed === before) fail('vitest', `ended with ${code}, though no test failed`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function countVitest(report) {
  for (const file of report.testResults) {
    const path = relative(PROJECT, file.name)
    const before = total.failed
    for (const test of file.assertionResults) {
      const name = `${path} > ${[...test.ancestorTitles, test.title].join(' > ')}`
      if (test.status === 'passed') total.passed++
      else if (test.status === 'failed') fail(name)
      else skip(`${path} > ${test.ancestorTitles[0] ?? test.title}`)
    }
    if (file.status === 'failed' && total.failed === before) fail(path, file.message)
  }
}

async function runProgram({ name, source, program, args }) {
  if (!existsSync(join(PROJECT, program))) return fail(name, `there is no ${source}`)
  const { code, output } = await spawned(
    ['--enable-source-maps', join(PROJECT, program), ...args],
    environment,
    'tee',
  )
  const lines = output.trimEnd().split('\n')
  const counts = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(lines.at(-1) ?? '')
  if (counts === null) return fail(name, `ended with ${code} and without its last line`)
  const [passed = 0, broken = 0, left = 0] = counts.slice(1).map(Number)
  total.passed += passed
  total.failed += broken
  if (broken > 0) failed.push(`${name}: ${broken} failed`)
  for (const suite of skipsNamedIn(lines, name, left)) skip(suite)
  if (code !== 0 && broken === 0) fail(name, `ended with ${code}, though it counts no failure`)
}

/** A program names what it skips in lines that begin with `skipped `; what it leaves nameless bears its own name. */
function skipsNamedIn(lines, name, count) {
  const named = lines.filter((line) => line.startsWith('skipped ')).map((line) => `${name}: ${line.slice(8)}`)
  return Array.from({ length: count }, (_, index) => named[index] ?? name)
}

function fail(name, reason) {
  total.failed++
  failed.push(reason ? `${name}: ${reason}` : name)
}

function skip(name) {
  total.skipped++
  skipped.set(name, (skipped.get(name) ?? 0) + 1)
}

function report() {
  const notRun = [...skipped].map(([name, count]) => `  ${name} (${count})`)
  if (notRun.length > 0) console.log(`\nskipped:\n${notRun.join('\n')}`)
  if (failed.length > 0) console.log(`\nfailed:\n${failed.map((name) => `  ${name}`).join('\n')}`)
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
}

/** Runs Node to its end. `show` passes its output on, `capture` keeps it, `tee` does both. */
function spawned(args, env, mode) {
  return new Promise((resolve) => {
    const stdout = mode === 'show' ? 'inherit' : 'pipe'
    const child = spawn(process.execPath, args, { cwd: PROJECT, env, stdio: ['ignore', stdout, 'inherit'] })
    const pass = (signal) => child.kill(signal)
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, pass)
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk) => {
      output += chunk
      if (mode === 'tee') process.stdout.write(chunk)
    })
    child.on('close', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM']) process.off(name, pass)
      resolve({ code: code ?? signal, output })
    })
  })
}
