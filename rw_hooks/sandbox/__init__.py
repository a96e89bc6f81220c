"""The Runware API and a file host on loopback, for tries, the demo and the tests."""
