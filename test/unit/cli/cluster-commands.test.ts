import { expect, test } from 'vitest'
import { RetakeError } from '#src/kit/errors.js'
import {
  checkpointOf,
  ENDED,
  FakeCluster,
  LOST,
  nodeOf,
  summaryOf,
  type,
  typed,
  WAITING,
} from './fake-cluster.js'

const READ = ['list', 'show click-count', 'checkpoints click-count', 'nodes', 'actors']
const OF_A_JOB = ['show', 'checkpoints', 'cancel']

/** Of a cluster that was asked `line`. */
async function tableOf(line: string, cluster?: FakeCluster): Promise<string[]> {
  const { code, data } = await typed(line, cluster)
  expect(code).toBe(0)
  return data.trimEnd().split('\n')
}

test('when runs are listed, then the ended ones are left out, and what a run waits for stands below it', async () => {
  expect(await tableOf('list')).toEqual([
    'JOB          RUN           STATUS   AGE  SUBTASKS   IN/s  OUT/s  BUSY  CHECKPOINT',
    'attribution  7hz1p3m8w2ab  CREATED  12s      0/24      -      -     -  -',
    '  waiting for slots: needs 8 slots, 2 free on 2 task managers: 6 slots missing',
    'click-count  7hq2k9x0c4vd  RUNNING  41m       4/4  66.1k  18.0k   61%  412, 14s ago',
  ])
})

test('when all runs are listed, then ended ones are there too, with their reason', async () => {
  const lines = await tableOf('list --all')
  expect(lines.slice(-2)).toEqual([
    'click-count  b0c1d2e3f4g5  FAILED   2d 2h         -      -      -     -  412, 14s ago',
    '  RT1601 user code threw in the operator "map-1"',
  ])
})

test.each([
  [[], 'list', /this cluster has had no runs yet: retake run JOB starts one/],
  [[ENDED], 'list', /nothing runs now; retake list --all shows what has ended/],
])(
  'when nothing is to be listed, then stdout is empty, and stderr says what to type',
  async (jobs, line, hint) => {
    const cluster = new FakeCluster()
    cluster.summaries = jobs
    expect(await typed(line, cluster)).toMatchObject({ code: 0, data: '', talk: expect.stringMatching(hint) })
  },
)

test('when a run is shown, then its graph, subtasks, attempts, checkpoints and failures are', async () => {
  const lines = await tableOf('show click-count')
  expect(lines).toEqual([
    'click-count  RUNNING  run 7hq2k9x0c4vd, submitted 41m ago, attempt 2',
    '4 of 4 subtasks running  in 66.1k/s  out 18.0k/s  busy 61%  backpressure 2%  3 bad records skipped',
    '  0  clicks → filter-1 → map-1 ×2  ─ hash → 1',
    '  1  count → table ×2',
    '  exactly-once checkpoints every 10.0 s, restart exponential-delay, code 4f0c2a81d7e6',
    '',
    'SUBTASK  OPERATORS                  STATE    NODE    SLOT          IN         OUT     SENT',
    '0-0      clicks → filter-1 → map-1  RUNNING  node-a     0  45,000,000  12,000,000  61.0 MB',
    '0-1                                 RUNNING  node-b     1  45,000,000  12,000,000  61.0 MB',
    '1-0      count → table              RUNNING  node-a     0  45,000,000  12,000,000  61.0 MB',
    '1-1                                 RUNNING  node-b     1  45,000,000  12,000,000  61.0 MB',
    '',
    'ATTEMPT  FROM  STARTED    ENDED  BECAUSE',
    '      2   410  18s ago        -',
    '      1     0        -  20s ago  failed: RT1512 the task manager node-b is lost: it was …',
    '',
    ' ID  STATE       CAUSE     AGE    TOOK    SIZE  ACKNOWLEDGED  SLOWEST     RETAINED',
    '413  collecting  periodic   0s  400 ms  1.2 MB           3/4  1-0, 21 ms',
    '412  completed   periodic  14s   23 ms  1.2 MB           4/4  1-0, 21 ms  yes',
    '411  failed      periodic  24s   23 ms       -           4/4  -',
    '  RT1512 the task manager node-b is lost: it was silent for 25 s',
    '',
    ' FAILED  ATTEMPT  BECAUSE',
    '20s ago        1  RT1512 the task manager node-b is lost: it was silent for 25 s',
  ])
})

test('when a failed run is shown, then its error is, and where a new one may begin', async () => {
  const { data, talk } = await typed('show b0c1')
  expect(data).toContain('RT1512 the task manager node-b is lost\n  where   node-b\n')
  expect(talk).toContain('--from-checkpoint b0c1d2e3f4g5/412')
})

test('when nodes are shown, then the leader comes first, and a clock that is off is told', async () => {
  expect(await tableOf('nodes')).toEqual([
    'NAME    ROLE          STATE     FREE  CPUS  MEMORY     UP   HEARD    CLOCK  VERSION  LABELS',
    'node-a  all, leads    alive      2/4     8  182 MB  3d 2h  320 ms     0 ms  0.1.0    -',
    'node-b  task-manager  alive      0/4     8  182 MB  3d 2h   1.2 s  +812 ms  0.1.0    zone=b,disk=ssd',
    'node-c  job-manager   draining     -     8  182 MB  3d 2h  320 ms    -3 ms  0.1.0    -',
  ])
  const cluster = new FakeCluster()
  cluster.statuses = [nodeOf('a', { roles: ['job-manager'], slots: 0, freeSlots: 0 })]
  expect((await typed('nodes', cluster)).talk).toContain(
    '1 node, no slots yet: retake node --role task-manager',
  )
})

test('when actors are shown, then as a tree for each thread, with their mail and what they failed for', async () => {
  expect(await tableOf('actors')).toEqual([
    'node-a, main thread',
    'ACTOR                             STATE    MAIL  OLDEST  RESTARTS  DOING',
    'node                              running     0       -         0  waiting for messages',
    '├─ job-manager                    running     0       -         0  waiting for messages',
    '│  ├─ resource-manager            running     2   12 ms         0  waiting for a turn',
    '│  └─ r-7hq2k9x0c4vd click-count  running     0       -         0  waiting for messages',
    '│     └─ checkpoints              running     0       -         0  waiting for messages',
    '└─ task-manager-0                 running     0       -         1  waiting for messages',
    '   ✘ RT1512 the task manager node-b is lost: it was silent for 25 s',
    '',
    'node-a, slot 0',
    'ACTOR                               STATE     MAIL  OLDEST  RESTARTS  DOING',
    'slot                                running      0       -         0  waiting for messages',
    '├─ s-0-0 clicks → filter-1 → map-1  running      0       -         0  waiting for messages',
    '└─ s-1-0 count → table              running  3,981   1.9 s         0  in a turn',
  ])
})

test('when actors of a name are asked for, then they are shown with what is above and below them', async () => {
  expect(await tableOf('actors RESOURCE')).toEqual([
    'node-a, main thread',
    'ACTOR                   STATE    MAIL  OLDEST  RESTARTS  DOING',
    'node                    running     0       -         0  waiting for messages',
    '└─ job-manager          running     0       -         0  waiting for messages',
    '   └─ resource-manager  running     2   12 ms         0  waiting for a turn',
  ])
  const none = await typed('actors tabel')
  expect(none).toMatchObject({
    code: 3,
    data: '',
    talk: '! no actor is named like "tabel"; did you mean "table"?\n',
  })
})

test('when checkpoints are shown, then those that are retained are marked, and one can be begun with', async () => {
  const { data, talk } = await typed('checkpoints click-count')
  expect(data.match(/yes$/gm)).toHaveLength(1)
  expect(talk).toContain('a new run may begin with one: --from-checkpoint 7hq2k9x0c4vd/412')
})

test('when a checkpoint is asked for, then its id comes out', async () => {
  expect(await typed('checkpoints click-count --now')).toMatchObject({
    code: 0,
    data: '414\n',
    talk: '✔ checkpoint 414 of click-count is complete: 23 ms, 1.2 MB\n',
  })
})

test.each([
  ['RT1305', 5],
  ['RT1304', 8],
] as const)('when the checkpoint fails with %s, then the command ends with %i', async (code, exit) => {
  const cluster = new FakeCluster()
  cluster.record = checkpointOf(414, { state: 'failed', failure: { ...LOST, code } })
  expect(await typed('checkpoints click-count --now', cluster)).toMatchObject({ code: exit, data: '' })
})

test.each([
  ['canceled', 0, '■ click-count, run 7hq2k9x0c4vd: CANCELED after 3.0 s'],
  ['finished', 0, '■ click-count, run 7hq2k9x0c4vd: FINISHED after 3.0 s'],
  ['failed', 6, '✘ click-count, run 7hq2k9x0c4vd: FAILED after 3.0 s\nRT1512'],
] as const)('when a canceled run ends as %s, then the command ends with %i', async (outcome, exit, text) => {
  const cluster = new FakeCluster()
  const { code, clock, talk } = type(['cancel', 'click-count'], cluster)
  await cluster.canceled
  await clock.advance(3_000)
  cluster.end(outcome)
  expect(await code).toBe(exit)
  expect(talk()).toContain(text)
  expect(cluster.asked).toEqual(['jobs', 'attach 7hq2k9x0c4vd', 'cancel', 'close'])
})

test('when a cancel takes long, then it says so every 10 s, and ends with 8 when its time is over', async () => {
  const cluster = new FakeCluster()
  const { code, clock, talk } = type(['cancel', 'click-count', '--timeout', '25s'], cluster)
  await cluster.canceled
  await clock.advance(25_000)
  expect(await code).toBe(8)
  expect(talk()).toBe(
    '… waiting for the end of click-count  10.0 s\n… waiting for the end of click-count  20.0 s\n' +
      '! click-count has not ended after 25.0 s; the cancel goes on\n',
  )
})

test('when somebody looks, then a live line says what is waited for', async () => {
  const cluster = new FakeCluster()
  const { code, clock, talk } = type(['cancel', 'click-count'], cluster, {}, true)
  await cluster.canceled
  await clock.advance(1_000)
  expect(talk()).toMatch(/… waiting for the end of click-count {2}500 ms.*… waiting .* {2}1\.0 s$/s)
  cluster.end('canceled')
  expect(await code).toBe(0)
})

test('when nobody waits for a cancel, or the run has ended before, then the command ends at once', async () => {
  expect(await typed('cancel click-count --no-wait')).toMatchObject({ code: 0, data: '' })
  const cluster = new FakeCluster()
  expect(await typed('cancel b0c', cluster)).toMatchObject({ code: 6 })
  expect(cluster.asked).toEqual(['jobs', 'close'])
})

test('when a job has several runs, then its name means the newest unended one, else the newest', async () => {
  const cluster = new FakeCluster()
  await typed('show click-count', cluster)
  cluster.summaries = [ENDED, summaryOf({ run: 'older' as never, status: 'FINISHED' })]
  await typed('show click-count', cluster)
  expect(cluster.asked.filter((question) => question.startsWith('job '))).toEqual([
    'job 7hq2k9x0c4vd',
    'job b0c1d2e3f4g5',
  ])
})

test.each(OF_A_JOB)(
  'when %s is asked about a run that is not there, then it says which was meant: 3',
  async (name) => {
    const said = await typed(`${name} clik-count`)
    expect(said).toMatchObject({ code: 3, data: '' })
    expect(said.talk).toContain('RT1523 there is no job and no run "clik-count"')
    expect(said.talk).toContain('did you mean "click-count"?')
    expect((await typed(`${name} zzz`)).talk).toContain('retake list --all')
  },
)

test.each(OF_A_JOB)(
  'when %s is asked about an id that several begin with, then it names them: 2',
  async (name) => {
    expect(await typed(`${name} 7h`)).toMatchObject({
      code: 2,
      talk: expect.stringMatching(
        /2 runs begin with "7h"\n +type more of one: 7hz1p3m8w2ab \(attribution\), 7hq2/,
      ),
    })
  },
)

test.each(READ)(
  'when %s is asked and no job manager answers, then it ends with 4, and lets go',
  async (line) => {
    const cluster = new FakeCluster()
    cluster.refusal = new RetakeError('RT1517', {
      what: 'nobody answers',
      why: 'none is there',
      fix: 'start one',
    })
    expect(await typed(line, cluster)).toMatchObject({
      code: 4,
      data: '',
      talk: expect.stringMatching(/^RT1517 nobody answers\n/),
    })
    expect(cluster.asked.at(-1)).toBe('close')
  },
)

test('when a cluster is named, then the client is connected to it', async () => {
  const { connections } = await typed('list --cluster blue', undefined, { RETAKE_NATS: 'nats://queue:4222' })
  expect(connections).toMatchObject([{ cluster: 'blue', nats: { servers: ['nats://queue:4222'] } }])
})

test('when tables are read, then they fit 100 columns', async () => {
  const cluster = new FakeCluster()
  cluster.summaries = [
    summaryOf({ job: 'a-very-long-name-of-a-job-indeed' }),
    { ...WAITING, status: 'INITIALIZING', reason: 'x'.repeat(200) },
  ]
  for (const line of ['list', 'show a-very-long-name-of-a-job-indeed', 'actors', 'nodes']) {
    const { data } = await typed(line, cluster)
    expect(data.split('\n').filter((text) => text.length > 100)).toEqual([])
  }
})
