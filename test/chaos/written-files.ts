import { writeFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import type { ChaosReport } from './chaos-report.js'
import { reportPage } from './report-page.js'
import { throughputChart } from './throughput-chart.js'

/** Paths, of those that are wanted. */
export interface WantedFiles {
  readonly json?: string | undefined
  readonly svg?: string | undefined
  readonly report?: string | undefined
}

/** The page links to the chart that is written with it. */
export async function write(found: ChaosReport, { json, svg, report }: WantedFiles): Promise<void> {
  if (json !== undefined) await writeFile(json, `${JSON.stringify(found, undefined, 2)}\n`)
  if (svg !== undefined) await writeFile(svg, throughputChart(found))
  if (report === undefined) return
  const chart = svg === undefined ? undefined : relative(dirname(resolve(report)), resolve(svg))
  await writeFile(report, reportPage(found, chart))
}
