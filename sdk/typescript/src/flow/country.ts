/** Countries as the programs store them. */

/** The two letters of an ISO 3166-1 alpha-2 code; whether it is assigned is not checked. */
export function countryBytes(country: string): Uint8Array {
    if (!/^[A-Z]{2}$/.test(country)) {
        throw new RangeError(`${JSON.stringify(country)} is no country: two upper-case letters`);
    }
    return new TextEncoder().encode(country);
}
