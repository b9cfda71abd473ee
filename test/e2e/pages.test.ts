import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { codeBlocksOf, loose, type Page, type PageStep, readPages, stepsToTypeIn } from '../house/docs.js'
import { describeWith, type Needs } from '../support/describe-with.js'
import { freePort } from '../support/free-port.js'
import { startKafka } from '../support/kafka-broker.js'
import { natsAvailability, startNats } from '../support/nats-server.js'
import { startPostgres } from '../support/postgres-server.js'
import { temporaryFolder } from '../support/server-process.js'
import { until } from '../support/until.js'
import { PageTerminal } from './page-terminal.js'

/** Every block of commands of every page is typed here, from top to bottom, in a folder that looks like a clone. */

const PAGES = readPages()
const PAGE_MS = 180_000

/** What the pages call the servers that they need. */
const KAFKA = 'localhost:9092'
const DATABASE = 'postgres://me:secret@localhost/shop'
const NATS_PORT = '4222'

type Commands = Extract<PageStep, { kind: 'commands' }>

const commandsOf = (page: Page) =>
  stepsToTypeIn(page).filter((step): step is Commands => step.kind === 'commands')

test('when commands are not run, then that is said on the page, and known here', () => {
  const notRun = PAGES.flatMap((page) =>
    commandsOf(page).flatMap(({ how }) => (how.kind === 'not run' ? [`${page.path}: ${how.why}`] : [])),
  )
  expect(notRun).toEqual([
    'README.md: a million clicks, and all tests',
    'README.md: they are what runs this',
    'docs/benchmarks.md: they measure for minutes',
    'docs/benchmarks.md: they measure for minutes',
    'docs/guarantees.md: they play for minutes',
    ...Array(4).fill(
      'docs/kafka-test-broker.md: the recipe behind test/support/kafka-broker.ts and kcat.ts, which do it',
    ),
    'docs/operations.md: needs servers with certificates; test/contract does it with its own',
    'docs/operations.md: needs a server with these users; test/e2e/nats-security.test.ts has one',
    'docs/protocol.md: needs the command line of NATS',
    'docs/scale.md: they measure for minutes',
    'docs/several-machines.md: needs several machines',
    'docs/several-machines.md: needs a directory that several machines see',
    'docs/testing.md: they fuzz for minutes',
    'docs/tune.md: any job of yours',
  ])
})

test('when a page shows commands, then as a block that is run, or as a dialogue that has a test', () => {
  const languages = new Set(PAGES.flatMap(codeBlocksOf).map(({ language }) => language))
  const harmless = ['', 'ini', 'json', 'mermaid', 'nats', 'properties', 'text', 'ts', 'typescript']
  expect([...languages].filter((language) => !harmless.includes(language)).sort()).toEqual(['console', 'sh'])
  const dialogues = PAGES.filter((page) => codeBlocksOf(page).some(({ language }) => language === 'console'))
  // `operations.test.ts` types those of the first, `test/house/docs.test.ts` looks at those of both.
  expect(dialogues.map(({ path }) => path)).toEqual(['docs/cli.md', 'docs/operations.md'])
})

for (const page of PAGES) {
  const blocks = commandsOf(page).filter(({ how }) => how.kind !== 'not run')
  if (blocks.length === 0) continue
  const typed = blocks.map(({ text }) => text).join('\n')
  const isOnCluster = /^<!-- on a cluster: one node, box-1, with 4 slots -->$/m.test(page.text)
  const needs: Needs = {
    ...(isOnCluster || typed.includes('nats-server') ? { nats: true } : {}),
    ...(typed.includes(KAFKA) ? { kafka: true } : {}),
    ...(typed.includes(DATABASE) ? { postgres: true } : {}),
  }

  await describeWith(needs, page.path, () => {
    const closing: (() => unknown)[] = []
    let terminal: PageTerminal
    beforeEach(async () => {
      const folder = temporaryFolder('page')
      closing.push(() => rmSync(folder, { recursive: true, force: true }))
      const nats = needs.nats && (await natsAvailability('any'))
      const programs = nats && nats.kind === 'available' ? [dirname(nats.value.path)] : []
      const instead = await servers(closing)
      const env = { RETAKE_NATS: await natsUrl(instead) }
      terminal = new PageTerminal({ folder, instead, env, programs })
      closing.push(() => terminal.close())
      if (isOnCluster) await terminal.stay('retake node --role all --name box-1 --slots 4')
    }, PAGE_MS)
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close()
    })

    test(
      'when its commands are typed, then what it shows comes',
      async () => {
        for (const step of stepsToTypeIn(page)) await take(step)
      },
      PAGE_MS,
    )

    async function take(step: PageStep): Promise<void> {
      if (step.kind === 'file') return terminal.save(step.name, step.text)
      const { text, line, how, shown } = step
      const where = `${page.path}:${line}`
      switch (how.kind) {
        case 'not run':
          return
        case 'stays':
          return terminal.stay(text)
        case 'once': {
          const { code, said } = await terminal.type(text)
          expect({ where, code, said }).toMatchObject({ where, code: 0 })
          expect(said.map(loose), where).toEqual(expect.arrayContaining(shown.map(loose)))
          return
        }
        case 'repeated':
          await until(async () => shows(await terminal.type(text), shown), {
            what: `${where} to show what stands below it`,
            timeoutMs: 60_000,
            everyMs: 300,
          })
      }
    }

    /** The servers that the page names, and what they are called here. */
    async function servers(toClose: (() => unknown)[]): Promise<Map<string, string>> {
      const instead = new Map<string, string>()
      if (needs.kafka) {
        const kafka = await startKafka()
        toClose.push(() => kafka.stop())
        await kafka.createTopic('clicks', { partitions: 2 })
        instead.set(KAFKA, kafka.bootstrap)
      }
      if (needs.postgres) {
        const postgres = await startPostgres()
        toClose.push(() => postgres.stop())
        instead.set(DATABASE, await postgres.createDatabase('shop'))
      }
      if (isOnCluster) {
        const nats = await startNats({ version: 'any', jetStream: true })
        toClose.push(() => nats.stop())
        instead.set(NATS_PORT, new URL(nats.url).port)
      } else if (needs.nats) instead.set(NATS_PORT, String(await freePort()))
      return instead
    }

    function natsUrl(instead: ReadonlyMap<string, string>): string {
      return `nats://127.0.0.1:${instead.get(NATS_PORT) ?? NATS_PORT}`
    }
  })
}

function shows(
  { code, said }: { code: number | null; said: readonly string[] },
  shown: readonly string[],
): boolean {
  const came = said.map(loose)
  return code === 0 && shown.every((line) => came.includes(loose(line)))
}
