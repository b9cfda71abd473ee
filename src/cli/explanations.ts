import { readFile } from 'node:fs/promises'

/** One way in which an error comes about; `…` stands for what is only known when it happens. */
export interface ExplainedCause {
  readonly what: string
  readonly why: string
  readonly fix: string
}

/** What is to be said of one code. */
export interface Explanation {
  readonly code: string
  readonly title: string
  /** The chapter that it stands in: `Connectors`. */
  readonly area: string
  /** What becomes of the job. */
  readonly consequence: string
  readonly causes: readonly ExplainedCause[]
}

/** This file runs from <package>/dist/src/cli. */
const PAGE = new URL('../../../docs/errors.md', import.meta.url)

/** All codes, in the order of the page that comes with the package. */
export async function readExplanations(): Promise<readonly Explanation[]> {
  return explanationsIn(await readFile(PAGE, 'utf8'))
}

/** What `docs/errors.md` says; it is made of the catalogue and of the code, by `test/house/errors.test.ts`. */
export function explanationsIn(page: string): Explanation[] {
  const [, ...areas] = page.split(/^## /m)
  return areas.flatMap((chapter) => {
    const [area = '', ...sections] = chapter.split(/^### /m)
    return sections.map((section) => {
      const [, code = '', title = '', consequence = '', causes = ''] = SECTION.exec(section) ?? []
      return { code, title, area: area.trim(), consequence, causes: causesIn(causes.replaceAll('\\<', '<')) }
    })
  })
}

const SECTION = /^(RT\d{4}) (.*)\n\n(.*)\n\n([\s\S]*)$/

function causesIn(list: string): ExplainedCause[] {
  return [...list.matchAll(/^- \*\*(.*?)\*\*: (.*)\. \*Remedy:\* (.*)\.$/gm)].map(
    ([, what = '', why = '', fix = '']) => ({ what, why, fix }),
  )
}
