import type { Palette } from '#src/cli/palette.js'
import { wrapped } from '#src/cli/wrapped.js'

const WIDTH = 100

/** What `npm run bench` prints: every benchmark with the question that it answers. */
export function listText(
  all: readonly { readonly name: string; readonly question: string }[],
  palette: Palette,
): string {
  const indent = Math.max(...all.map(({ name }) => name.length)) + 2
  const lines = all.flatMap(({ name, question }) =>
    wrapped(question, WIDTH - indent).map((line, index) =>
      index === 0
        ? palette.strong(name) + ' '.repeat(indent - name.length) + line
        : ' '.repeat(indent) + line,
    ),
  )
  return `${lines.join('\n')}

${palette.faint('npm run bench -- NAME…     measures them: seconds to minutes each')}
${palette.faint('npm run bench -- --check   all of them, small: does each run, and keep what it promises?')}
${palette.faint('npm run bench -- --help    all options, and how reports are compared')}
`
}

/** What `npm run bench -- --help` prints. */
export function helpText(): string {
  return `npm run bench                             lists the benchmarks, each with the question that it answers
npm run bench -- NAME… [options]          measures them; "all" is every one but scale
npm run bench -- --check [NAME…]          measures small, all unless named; fails where a floor is not kept
npm run bench -- compare A.json B.json    B against A, with the spread of every ratio

  --rounds N     how often each contender is measured, in turn with the others; 5 unless the benchmark says otherwise
  --save FILE    the whole report as JSON: bench/report.schema.json says what is in it
  --plots DIR    pictures of it, as SVG
  --json         the report instead of tables, on standard output
  --nodes N      of scale: simulated clusters of up to so many nodes; 1000
  --bound N%     of compare: a regression is a change for the worse beyond it, spread and all; 5%
  --force        of compare: compare even what was measured on different machines or in different settings

Exit codes: 0 ok, 1 a benchmark failed, or a floor was not kept in a check, 2 usage, or reports that cannot be compared,
9 records lost or counted twice, or a regression, 130 and 143 signals.
`
}
