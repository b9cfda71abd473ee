import { join, relative } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { PROJECT } from '../../support/project.js'

const API = join(PROJECT, 'dist', 'src', 'api')

test.each(['index.js', 'kafka.js', 'postgres.js'])(
  'when a job imports %s, then its bundle reaches no module of Node, no client and no actor',
  async (entry) => {
    const { metafile } = await build({
      entryPoints: [join(API, entry)],
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      write: false,
      metafile: true,
      absWorkingDir: PROJECT,
    })
    const inputs = Object.keys(metafile.inputs).map((input) => relative('dist', input))
    expect(inputs.filter((input) => !input.startsWith('src/'))).toEqual([])
    expect(inputs.filter((input) => /^src\/(actor\/transport|checkpoint|cluster|cli)\//.test(input))).toEqual(
      [],
    )
    expect(inputs.filter((input) => /^src\/connector\/[^/]+\//.test(input))).toEqual([])
    const external = Object.values(metafile.inputs).flatMap(({ imports }) =>
      imports.filter((each) => each.external),
    )
    expect(external).toEqual([])
  },
)
