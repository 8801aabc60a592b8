/** English names, as all pages are in English. A phone needs 200 ms for its first `Intl.DateTimeFormat`. */
export const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
