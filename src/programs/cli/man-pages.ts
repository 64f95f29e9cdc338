import { formatManPage, formatOverviewPage, pageName } from './man-page.ts'
import { registry } from './registry.ts'

/** Every manual page, by the name of its file. */
export async function manPages(version: string): Promise<Map<string, string>> {
  const pages = new Map([['waxseal.1', formatOverviewPage(registry, { version })]])
  for (const { name, load } of registry) {
    const others = registry.map((entry) => entry.name).filter((other) => other !== name)
    pages.set(`${pageName(name)}.1`, formatManPage(await load(), { version, others }))
  }
  return pages
}
