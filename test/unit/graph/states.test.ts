import { expect, test } from 'vitest'
import {
  EXECUTION_MOVES,
  type ExecutionState,
  ExecutionStateMachine,
  isTerminal,
} from '#src/graph/execution-state.js'
import { isGloballyTerminal, JOB_MOVES, type JobStatus, JobStatusMachine } from '#src/graph/job-status.js'

/** Flink's tables, as the reference has them. */
const JOB: Readonly<Record<JobStatus, string>> = {
  INITIALIZING: 'CREATED FAILING CANCELLING SUSPENDED',
  CREATED: 'RUNNING FAILING CANCELLING SUSPENDED',
  RUNNING: 'RESTARTING FAILING CANCELLING FINISHED SUSPENDED',
  RESTARTING: 'RUNNING FAILING CANCELLING SUSPENDED',
  FAILING: 'FAILED CANCELLING SUSPENDED',
  CANCELLING: 'CANCELED FAILING SUSPENDED',
  FINISHED: '',
  CANCELED: '',
  FAILED: '',
  SUSPENDED: '',
}

const EXECUTION: Readonly<Record<ExecutionState, string>> = {
  CREATED: 'SCHEDULED CANCELED FAILED',
  SCHEDULED: 'DEPLOYING CANCELING CANCELED FAILED',
  DEPLOYING: 'INITIALIZING CANCELING FAILED',
  INITIALIZING: 'RUNNING CANCELING FAILED',
  RUNNING: 'FINISHED CANCELING FAILED',
  CANCELING: 'CANCELED FAILED',
  FINISHED: '',
  CANCELED: '',
  FAILED: '',
}

const jobs = Object.keys(JOB_MOVES) as JobStatus[]
const executions = Object.keys(EXECUTION_MOVES) as ExecutionState[]

test.each(jobs.flatMap((from) => jobs.map((to) => [from, to] as const)))(
  'a job from %s to %s',
  (from, to) => {
    const machine = new JobStatusMachine(0, from)
    if (JOB[from].split(' ').includes(to)) {
      machine.to(to, 5)
      expect([machine.status, machine.sinceMs]).toEqual([to, 5])
    } else {
      expect(() => machine.to(to, 5)).toThrow(`{"from":"${from}","next":"${to}"}`)
      expect([machine.status, machine.sinceMs]).toEqual([from, 0])
    }
  },
)

test.each(executions.flatMap((from) => executions.map((to) => [from, to] as const)))(
  'a subtask from %s to %s',
  (from, to) => {
    const machine = at(from)
    if (EXECUTION[from].split(' ').includes(to)) {
      machine.to(to)
      expect(machine.state).toBe(to)
    } else {
      expect(() => machine.to(to)).toThrow('"of":"1-0"')
      expect(machine.state).toBe(from)
    }
  },
)

test('three statuses of a job are the end everywhere; SUSPENDED is the end here only', () => {
  expect(jobs.filter(isGloballyTerminal)).toEqual(['FINISHED', 'CANCELED', 'FAILED'])
  expect(executions.filter(isTerminal)).toEqual(['FINISHED', 'CANCELED', 'FAILED'])
})

const WAYS: Readonly<Record<ExecutionState, readonly ExecutionState[]>> = {
  CREATED: [],
  SCHEDULED: ['SCHEDULED'],
  DEPLOYING: ['SCHEDULED', 'DEPLOYING'],
  INITIALIZING: ['SCHEDULED', 'DEPLOYING', 'INITIALIZING'],
  RUNNING: ['SCHEDULED', 'DEPLOYING', 'INITIALIZING', 'RUNNING'],
  FINISHED: ['SCHEDULED', 'DEPLOYING', 'INITIALIZING', 'RUNNING', 'FINISHED'],
  CANCELING: ['SCHEDULED', 'CANCELING'],
  CANCELED: ['CANCELED'],
  FAILED: ['FAILED'],
}

function at(state: ExecutionState): ExecutionStateMachine {
  const machine = new ExecutionStateMachine('1-0')
  for (const step of WAYS[state]) machine.to(step)
  return machine
}
