import { type Percentiles, rateOf, type Sample } from './sample.js'

type Quantile = 'p50' | 'p99' | 'p999' | 'max'

/**
 * A figure of a sample by its name: one of its own `figures`, else `rate`, `cpuSecondsPerMillion`, `cpuSeconds`,
 * `rssBytes`, `gcSeconds`, or a latency such as `p99 to sink`. Undefined where the sample does not have it.
 */
export function figureOf(sample: Sample, name: string): number | undefined {
  return sample.figures?.[name] ?? builtInOf(sample, name) ?? latencyOf(sample, name)
}

export function cpuSecondsPerMillionOf({ cpuSeconds, count }: Sample): number | undefined {
  return cpuSeconds === undefined ? undefined : (cpuSeconds / count) * 1e6
}

function builtInOf(sample: Sample, name: string): number | undefined {
  switch (name) {
    case 'rate':
      return rateOf(sample)
    case 'cpuSecondsPerMillion':
      return cpuSecondsPerMillionOf(sample)
    case 'cpuSeconds':
    case 'rssBytes':
    case 'gcSeconds':
      return sample[name]
    default:
      return undefined
  }
}

function latencyOf({ latency }: Sample, name: string): number | undefined {
  const [quantile, ...awaited] = name.split(' ')
  const percentiles: Percentiles | undefined = latency?.[awaited.join(' ')]
  return percentiles?.[quantile as Quantile]
}
