export { cutText, printable, wrapText } from './fit-text.ts'
export { formatTable } from './format-table.ts'
export { parseOptions, scriptOptions, stop } from './parse-options.ts'
