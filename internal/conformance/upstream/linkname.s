// This file is empty: with it the compiler accepts functions without a body (eligibility.go).
