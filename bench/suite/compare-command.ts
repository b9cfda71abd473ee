import { readFile } from 'node:fs/promises'
import { EXIT, type ExitCode } from '#src/cli/exit-code.js'
import type { Palette } from '#src/cli/palette.js'
import type { Terminal } from '#src/cli/terminal.js'
import { UsageError } from '#src/cli/usage-error.js'
import { compared, isRegression } from './comparison.js'
import { comparisonText, obstaclesText } from './comparison-text.js'
import type { Report } from './report.js'
import type { CompareRequest } from './request.js'

/** Shows what has changed from one report to another; a regression has an exit code of its own. */
export async function compare(
  { files, bound, isForced }: CompareRequest,
  { terminal, palette }: { readonly terminal: Terminal; readonly palette: Palette },
): Promise<ExitCode> {
  const [before, after] = await Promise.all([readReport(files[0]), readReport(files[1])])
  const comparison = compared(before, after, bound)
  if (comparison.obstacles.length > 0) {
    terminal.talk(obstaclesText(comparison, terminal.palette))
    if (!isForced) {
      terminal.talk('--force compares them all the same')
      return EXIT.usage
    }
  }
  terminal.data(comparisonText(comparison, bound, palette))
  return isRegression(comparison) ? EXIT.inexact : EXIT.ok
}

async function readReport(path: string): Promise<Report> {
  const report = await parsed(path)
  if (report?.schema === 'retake.bench/1') return report
  throw new UsageError(`${path} is no report of this version`, 'reports are what --save FILE writes')
}

async function parsed(path: string): Promise<Report | undefined> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new UsageError(`${path} cannot be read: ${error.message}`, 'give two files that --save has written')
  })
  try {
    return JSON.parse(text) as Report
  } catch {
    return undefined
  }
}
