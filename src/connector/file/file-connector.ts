import type { SinkConnector, SourceConnector } from '../registry.js'
import { StagedWriter } from '../staged-writer.js'
import { FileEnumerator } from './file-enumerator.js'
import type { FileSinkOptions, FileSourceOptions } from './file-options.js'
import { FileReader } from './file-reader.js'
import { FileTarget } from './file-target.js'
import { nodePartFiles } from './part-files.js'

/** The runtime half of `file.source`. */
export const fileSource: SourceConnector = {
  enumerator(options) {
    return new FileEnumerator((options as unknown as FileSourceOptions).paths)
  },
  reader({ options, functions }, ctx) {
    return new FileReader(options as unknown as FileSourceOptions, functions['schema'], ctx)
  },
}

/** The runtime half of `file.sink`. */
export const fileSink: SinkConnector = {
  writer({ options }, ctx) {
    return new StagedWriter(
      ctx,
      new FileTarget(ctx, (options as unknown as FileSinkOptions).path, nodePartFiles),
    )
  },
}
