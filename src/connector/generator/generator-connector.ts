import type { SourceConnector } from '../registry.js'
import { GeneratorEnumerator } from './generator-enumerator.js'
import type { GeneratorFunctions, GeneratorOptions } from './generator-options.js'
import { GeneratorReader } from './generator-reader.js'

/** The runtime half of `generator.source`. */
export const generatorSource: SourceConnector = {
  enumerator(options, { parallelism }) {
    return new GeneratorEnumerator(options as unknown as GeneratorOptions, parallelism)
  },
  reader({ options, functions }, ctx) {
    return new GeneratorReader(
      options as unknown as GeneratorOptions,
      functions as unknown as GeneratorFunctions,
      ctx,
    )
  },
}
