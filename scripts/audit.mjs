/**
 * `node scripts/audit.mjs`: asks npm's registry for known holes in what we depend on, development included. Ends with 1
 * when there is one, and with 0 when there is none, or when nobody answers: a test run must not fail for want of a network.
 */
import { spawnSync } from 'node:child_process'
import { PROJECT, say } from './bootstrap.mjs'

const { stdout } = spawnSync('npm', ['audit', '--json'], { cwd: PROJECT, encoding: 'utf8', timeout: 60_000 })
const report = reportIn(stdout)
const total = report?.metadata?.vulnerabilities?.total
if (total === undefined) say(`the registry told nothing of known holes: ${report?.message ?? 'no answer'}`)
else if (total === 0) say('no known holes in what we depend on')
else {
  for (const hole of Object.values(report.vulnerabilities)) {
    const fix = hole.fixAvailable ? 'a fix is there' : 'no fix yet'
    say(`${hole.severity}: ${hole.name} ${hole.range} (${fix})`)
  }
  process.exitCode = 1
}

function reportIn(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
