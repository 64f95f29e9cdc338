/** What is answered with, the first unless the client prefers another. */
const offers = ['text/html', 'application/json'] as const

export type Offer = (typeof offers)[number]

/**
 * What a client would rather have of a page and JSON, by its Accept header. A page where both are as good, and where it
 * takes neither: to show something is better than 406. RFC 9110 §12.5.1
 */
export function preferred(accept: string | undefined): Offer {
  if (accept === undefined) return offers[0]
  const ranges = accept
    .slice(0, 1000)
    .split(',')
    .map((range) => {
      const [type = '', ...parameters] = range.split(';').map((word) => word.trim().toLowerCase())
      const quality = parameters.find((word) => word.startsWith('q='))?.slice(2)
      return { type, quality: quality === undefined ? 1 : Number(quality) || 0 }
    })
  const qualityOf = (offer: Offer) => {
    const [family] = offer.split('/')
    for (const wanted of [offer, `${family}/*`, '*/*']) {
      const range = ranges.find(({ type }) => type === wanted)
      if (range !== undefined) return range.quality // the most specific one counts
    }
    return 0
  }
  return qualityOf('application/json') > qualityOf('text/html') ? 'application/json' : 'text/html'
}
