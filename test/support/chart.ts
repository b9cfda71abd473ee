/** What every chart here is made of: SVG that needs nothing else, for light and dark pages. */

export type Shades = readonly [light: string, dark: string]

export interface Chart {
  readonly width: number
  readonly height: number
  /** Of the whole, for who cannot see it. */
  readonly title: string
  /** Each is a variable of the style sheet: `blue` is `var(--blue)`. */
  readonly colours: Readonly<Record<string, Shades>>
  /** Rules beside those for pages, texts, grids and lines. */
  readonly style: string
  readonly body: readonly string[]
}

const PAGE: Readonly<Record<string, Shades>> = {
  page: ['#fff', '#0d1117'],
  ink: ['#1f2328', '#e6edf3'],
  faint: ['#d0d7de', '#30363d'],
}

export function chartText({ width, height, title, colours, style, body }: Chart): string {
  const variables = (shade: 0 | 1) =>
    Object.entries({ ...PAGE, ...colours })
      .map(([name, shades]) => `--${name}:${shades[shade]}`)
      .join(';')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(title)}</title>
<style>svg{${variables(0)};font:12px system-ui,sans-serif}
@media (prefers-color-scheme:dark){svg{${variables(1)}}}
.page{fill:var(--page)}text{fill:var(--ink)}.heading{font-size:16px;font-weight:600}.small{font-size:11px}
.tick{text-anchor:end}.time,.unit,.number{text-anchor:middle}.grid{stroke:var(--faint)}
.line{fill:none;stroke-width:1.5;stroke-linejoin:round}
${style}</style>
<rect class="page" width="${width}" height="${height}"/>
${body.join('\n')}
</svg>
`
}

/** Gaps where there is no value. */
export function pathOf(
  points: readonly (readonly [x: number, value: number | undefined])[],
  yOf: (value: number) => number,
): string {
  let isDrawing = false
  return points
    .map(([x, value]) => {
      const step = value === undefined ? '' : `${isDrawing ? 'L' : 'M'}${px(x)} ${px(yOf(value))}`
      isDrawing = value !== undefined
      return step
    })
    .join('')
}

/** 1, 2, 2.5 or 5 times a power of ten. */
export function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  const factor = [1, 2, 2.5, 5].find((candidate) => candidate * power >= value) ?? 10
  return factor * power
}

export function tickText(value: number): string {
  return String(Number(value.toPrecision(3)))
}

export function px(value: number): string {
  return String(Math.round(value * 10) / 10)
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
