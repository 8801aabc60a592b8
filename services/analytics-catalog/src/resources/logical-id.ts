/** `time_to_ready`, `View` → `TimeToReadyView` */
export function logicalId(name: string, suffix = ''): string {
  const words = name.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1))
  return words.join('') + suffix
}
