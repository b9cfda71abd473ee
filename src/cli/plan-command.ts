import type { JobPlan } from '../graph/job-plan.js'
import { planJson, planMermaid, planText } from '../graph/plan-text.js'
import { systemClock } from '../kit/clock.js'
import type { RunCommand } from './command.js'
import { EXIT } from './exit-code.js'
import { planFile } from './planned-job.js'

const FORMATS: Readonly<Record<string, (plan: JobPlan) => string>> = {
  text: planText,
  json: planJson,
  mermaid: planMermaid,
}

export const planCommand: RunCommand = async (invocation, terminal) => {
  const request = { params: invocation.pairs('param'), parallelism: invocation.whole('parallelism') }
  const { plan, warning } = await planFile(invocation.argument(0), request, systemClock)
  if (warning !== undefined) terminal.talk(`${terminal.palette.notice('!')} ${warning}`)
  terminal.data((FORMATS[invocation.text('format') ?? 'text'] ?? planText)(plan))
  return EXIT.ok
}
