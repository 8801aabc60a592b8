/** The most frequent values of an attribute; for all of them, the figures could be as many as the images. */
export const MAX_VALUES = 20

/** The file of an app's counts by attribute, next to the page. */
export function attributesFile(app: string): string {
  return `attributes/${app}.json`
}
