"""What a suggestion costs, in time and memory: trawl beside other people's optimisers (../README.md)."""
